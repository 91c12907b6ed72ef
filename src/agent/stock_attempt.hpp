#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/types.h>

#include "agent/child.hpp"
#include "agent/python_process.hpp"
#include "agent/running_attempt.hpp"
#include "agentrpc/session.hpp"

namespace leoflow::agent {

/// One attempt of a task in a worker process of Airflow's own, which talks to the control plane itself, over
/// HTTP, and writes its own log. The agent starts it, stops it and tells when it is gone. Single threaded.
class StockAttempt final : public RunningAttempt, public std::enable_shared_from_this<StockAttempt> {
 public:
  struct World {
    boost::asio::io_context& loop;
    const PythonOptions& python;
    /// The attempt is over; the report is to be repeated until acknowledged.
    std::function<void(agentrpc::AttemptFinished)> on_finished;
    std::uint64_t max_log_bytes;
    std::map<pid_t, std::shared_ptr<StockAttempt>> workers = {};  ///< that nobody has reaped yet
  };

  StockAttempt(World& world, agentrpc::StartAttempt start);
  void begin() override;
  /// The worker tells it itself.
  void report_started() override {}
  void stop(const std::string& reason, std::chrono::milliseconds grace) override;
  /// The worker was reaped.
  void on_end(const ProcessEnd& end);

 private:
  void note(std::string_view level, const std::string& text) const;
  void finish(const ProcessEnd& end, std::string reason);

  World& world_;
  agentrpc::StartAttempt start_;
  pid_t pid_ = 0;
  bool is_stopping_ = false;
  boost::asio::steady_timer kill_timer_;
};

}  // namespace leoflow::agent
