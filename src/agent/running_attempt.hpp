#pragma once

#include <chrono>
#include <string>

#include "agent/child.hpp"
#include "agentrpc/session.hpp"

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

/// "SIGTERM", or the number of a signal without a name.
std::string signal_name(int number);

/// What the control plane hears of an attempt that is over.
/// @param reason  of an end that is no ordinary one, else "".
agentrpc::AttemptFinished report_of(const std::string& attempt_id, const ProcessEnd& end, std::string reason);

}  // namespace leoflow::agent
