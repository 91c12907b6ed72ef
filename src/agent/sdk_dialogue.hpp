#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "agent/child.hpp"
#include "agent/masker.hpp"
#include "agent/request_book.hpp"
#include "agent/sdk_codec.hpp"

namespace leoflow::agent {

/// The supervisor's half of the SDK's protocol with one process: answers what only
/// the agent can answer, hands everything else to the control plane. Every request
/// is answered, late if the control plane is away. One whose answer tells the task
/// nothing is answered at once; questions wait until the control plane has stored
/// it, and the task's end follows it, in its order.
class SdkDialogue : public std::enable_shared_from_this<SdkDialogue> {
 public:
  /// Sees each request first. @returns true to have it answered with nothing.
  using Intercept = std::function<bool(const SdkRequestFrame&)>;

  SdkDialogue(RequestBook& book, std::string owner, std::shared_ptr<Child> child, Intercept intercept)
      : book_(book), owner_(std::move(owner)), child_(std::move(child)), intercept_(std::move(intercept)) {}

  /// Sends the first message of the supervisor. @param body  JSON.
  void begin(const json::object& environment, std::string_view body);
  /// As begin, for a child that only answers a question (leoflow_worker/questions.py).
  void begin_question(const json::object& environment, const json::value& question);
  void serve(std::string_view payload);
  Masker& masker() { return masker_; }
  /// @param told  hears from whom the control plane keeps something, and why, which the process itself does
  /// not say: the owner, or a trigger
  void on_denied(std::function<void(const std::string& asker, const std::string& why)> told) {
    denied_ = std::move(told);
  }

 private:
  void refuse(std::int64_t id, const std::string& reason);
  void forward(const SdkRequestFrame& request);
  void forward_answered(const SdkRequestFrame& request);
  void forward_held();
  void ask(const SdkRequestFrame& request, RequestBook::OnAnswer on_answer);
  void relay(std::int64_t id, const std::string& asker, const agentrpc::SdkResponse& response);
  /// The process that runs many triggers says which of them asks.
  std::string asker_of(const SdkRequestFrame& request) const;

  RequestBook& book_;
  std::string owner_;
  std::shared_ptr<Child> child_;
  Intercept intercept_;
  Masker masker_;
  std::function<void(const std::string&, const std::string&)> denied_ = [](const auto&, const auto&) {};
  int storing_ = 0;                   // requests that were answered already
  std::deque<SdkRequestFrame> held_;  // until those are stored
};

}  // namespace leoflow::agent
