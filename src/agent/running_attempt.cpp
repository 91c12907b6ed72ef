#include "agent/running_attempt.hpp"

#include <fmt/core.h>
#include <string.h>

#include "base/clock.hpp"

namespace leoflow::agent {

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", number);
}

agentrpc::AttemptFinished report_of(const std::string& attempt_id, const ProcessEnd& end,
                                    std::string reason) {
  agentrpc::AttemptFinished finished;
  finished.set_attempt_id(attempt_id);
  finished.set_exit_code(end.exit_code);
  finished.set_signal(end.signal);
  finished.set_reason(std::move(reason));
  finished.set_finished_at(to_micros(SystemClock().now()));
  finished.set_peak_memory_bytes(end.peak_memory_bytes);
  finished.set_cpu_microseconds(end.cpu_microseconds);
  return finished;
}

}  // namespace leoflow::agent
