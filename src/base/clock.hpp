#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace leoflow {

/// An instant: UTC, microseconds, as stored in every table.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// Where code that must be testable gets the time from.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

/// A clock that tests move by hand, while other threads read it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : micros_(start.time_since_epoch().count()) {}
  Time now() const override { return Time{Duration{micros_.load()}}; }
  void advance(Duration step) { micros_ += step.count(); }
  void set(Time now) { micros_ = now.time_since_epoch().count(); }

 private:
  std::atomic<std::int64_t> micros_;
};

inline Time from_micros(std::int64_t micros) {
  return Time{Duration{micros}};
}
inline std::int64_t to_micros(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace leoflow
