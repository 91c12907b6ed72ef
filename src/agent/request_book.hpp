#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "agentrpc/agent.pb.h"
#include "agentrpc/askers.hpp"

namespace leoflow::agent {

/// Sends one message to the control plane, or drops it when the stream is lost.
using Send = std::function<void(agentrpc::AgentMessage)>;

using agentrpc::asker_of_trigger;

/// The questions of tasks that the control plane has not answered. They are asked
/// again after a reconnect, in their order. Single threaded.
class RequestBook {
 public:
  using OnAnswer = std::function<void(const agentrpc::SdkResponse&)>;

  explicit RequestBook(Send send) : send_(std::move(send)) {}

  /// @param owner  attempt or parse id, or asker_of_trigger. @param body  JSON with its "type".
  void ask(const std::string& owner, std::string body, OnAnswer on_answer);
  /// An answer to a question that is not in the book is ignored: it came twice.
  /// @returns who had asked; "" for nobody.
  std::string answer(const agentrpc::SdkResponse& response);
  /// Whether a question of this owner has not been answered.
  bool is_waiting(const std::string& owner) const;
  void ask_all_again();
  /// Nobody wants the answers for this owner any more.
  void forget(const std::string& owner);

 private:
  struct Question {
    agentrpc::AgentMessage message;
    OnAnswer on_answer;
  };

  Send send_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Question> questions_;
};

}  // namespace leoflow::agent
