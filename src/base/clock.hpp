#pragma once

#include <chrono>

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

/// A clock that tests move by hand.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time now() const override { return now_; }
  void advance(Duration step) { now_ += step; }
  void set(Time now) { now_ = now; }

 private:
  Time now_;
};

inline Time from_micros(std::int64_t micros) {
  return Time{Duration{micros}};
}
inline std::int64_t to_micros(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace leoflow
