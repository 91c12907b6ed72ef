#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace leoflow::dag {

/// What a clock on the wall shows: no time zone.
using WallTime = std::chrono::time_point<std::chrono::local_t, Duration>;

/// A time zone by IANA name or fixed offset. Immutable, cheap to copy.
class TimeZone {
 public:
  /// Errors: invalid (no such zone).
  static Result<TimeZone> by_name(std::string_view name);
  static TimeZone fixed(std::chrono::seconds offset);
  static TimeZone utc() { return fixed(std::chrono::seconds{0}); }

  WallTime to_wall(Time time) const;
  /// A wall time that happens twice is the second one; one that is skipped is
  /// read with the offset before the change. Both as Airflow does.
  Time to_utc(WallTime wall) const;
  const std::string& name() const { return name_; }

 private:
  TimeZone(std::string name, std::shared_ptr<const void> zone, std::chrono::seconds offset)
      : name_(std::move(name)), zone_(std::move(zone)), offset_(offset) {}

  std::string name_;
  std::shared_ptr<const void> zone_;  // an absl::TimeZone, or null
  std::chrono::seconds offset_;
};

}  // namespace leoflow::dag
