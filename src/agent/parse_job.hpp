#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "agent/child.hpp"
#include "agent/python_pool.hpp"
#include "agent/sdk_dialogue.hpp"

namespace leoflow::agent {

/// One DAG file being parsed in a process of its own, from ParseRequest to
/// ParseResult, or a callback of one of its DAGs, or a question about them. Single threaded.
class ParseJob : public ChildUser, public std::enable_shared_from_this<ParseJob> {
 public:
  struct World {
    boost::asio::io_context& loop;
    PythonPool& pool;
    RequestBook& book;
    std::function<void(agentrpc::ParseResult)> on_parsed;
  };

  ParseJob(World& world, agentrpc::ParseRequest request);
  void begin();
  /// Kills the parser; nothing is reported. The owner may forget the job.
  void cancel();

  void on_forked(pid_t) override {}
  void on_request(std::string payload) override;
  void on_output(OutputStream stream, std::string_view bytes) override;
  void on_end(const ProcessEnd& end) override;

 private:
  bool note_request(const SdkRequestFrame& request);
  json::array callbacks() const;
  void start_limit();
  void report(const std::string& error);
  std::string error_of(const ProcessEnd& end) const;
  /// The end of what it printed, without secrets.
  std::string shown_output() const;

  World& world_;
  agentrpc::ParseRequest request_;
  std::shared_ptr<Child> child_;
  std::shared_ptr<SdkDialogue> dialogue_;
  std::chrono::steady_clock::time_point begun_;
  boost::asio::steady_timer limit_;
  std::shared_ptr<ParseJob> keep_alive_;  // until the process is gone
  int launches_ = 0;
  bool is_too_slow_ = false;
  bool is_cancelled_ = false;
  bool asked_supervisor_ = false;
  std::string result_;
  std::string refusal_;      ///< why a question has no answer
  std::string last_output_;  // its end tells why a parser died
};

}  // namespace leoflow::agent
