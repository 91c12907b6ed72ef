#pragma once

#include <chrono>
#include <string>

namespace leoflow::agent {

/// One attempt of a task, whoever runs it. Single threaded, on the event loop.
class RunningAttempt {
 public:
  virtual ~RunningAttempt() = default;
  virtual void begin() = 0;
  /// Tells the control plane that the task runs, if it does. May be called again.
  virtual void report_started() = 0;
  /// SIGTERM, then SIGKILL after the grace. May be called again.
  virtual void stop(const std::string& reason, std::chrono::milliseconds grace) = 0;
};

}  // namespace leoflow::agent
