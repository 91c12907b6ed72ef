#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/child.hpp"
#include "agent/log_pump.hpp"
#include "agent/python_pool.hpp"
#include "agent/running_attempt.hpp"
#include "agent/sdk_dialogue.hpp"

namespace leoflow::agent {

/// One attempt of a task, from StartAttempt to AttemptFinished: takes a process
/// from the pool, serves it, writes its log, stops it. Single threaded.
class Attempt final : public RunningAttempt, public ChildUser, public std::enable_shared_from_this<Attempt> {
 public:
  struct World {
    boost::asio::io_context& loop;
    PythonPool& pool;
    RequestBook& book;
    Send send;
    /// The task is about to say how it ends.
    std::function<void(const std::string& attempt_id)> on_ending;
    /// The attempt is over; the report is to be repeated until acknowledged.
    std::function<void(agentrpc::AttemptFinished)> on_finished;
    std::chrono::milliseconds stop_grace;
    std::chrono::milliseconds overtime;
    std::uint64_t max_log_bytes;
  };

  Attempt(World& world, agentrpc::StartAttempt start);
  void begin() override;
  void report_started() override;
  void stop(const std::string& reason, std::chrono::milliseconds grace) override;

  void on_forked(pid_t pid) override;
  void on_request(std::string payload) override;
  void on_output(OutputStream stream, std::string_view bytes) override;
  void on_end(const ProcessEnd& end) override;

 private:
  void take_child();
  void run_in(std::shared_ptr<Child> child);
  void note_request(const SdkRequestFrame& request);
  std::string reason_of(const ProcessEnd& end) const;
  void finish(const ProcessEnd& end, std::string reason);

  World& world_;
  agentrpc::StartAttempt start_;
  json::value details_;  // the SDK's StartupDetails
  DagFile file_;
  std::shared_ptr<Child> child_;
  std::shared_ptr<SdkDialogue> dialogue_;
  std::optional<LogPump> log_;
  int launches_ = 0;
  Time started_at_{};
  bool is_reported_ = false;  // the task said how it ended
  bool is_stopping_ = false;
  bool is_finished_ = false;
  boost::asio::steady_timer kill_timer_;
  boost::asio::steady_timer overtime_timer_;
};

}  // namespace leoflow::agent
