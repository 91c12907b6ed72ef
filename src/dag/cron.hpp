#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dag/local_time.hpp"

namespace leoflow::dag {

/// A cron expression of five fields (minute, hour, day of month, month, day of
/// week) or six (a last field for seconds), as croniter reads it: lists, ranges,
/// steps, names, `L`, `3#2`, `L5`; restricted days of month and of week mean
/// either. Immutable.
class Cron {
 public:
  /// Presets such as @daily are expanded. Errors: invalid, naming field and value.
  static Result<Cron> parse(std::string_view expression);

  /// First match strictly after / last match strictly before; nullopt if there
  /// is none within 50 years.
  std::optional<WallTime> next(WallTime after) const;
  std::optional<WallTime> previous(WallTime before) const;

  bool covers_every_hour() const { return hours_.all(); }
  const std::string& expression() const { return expression_; }

 private:
  struct NthWeekday {
    int weekday;
    int nth;  ///< 1..5; -1 for the last of the month
  };
  friend class CronParser;

  Cron() = default;
  bool matches_day(std::chrono::local_days day) const;
  std::optional<WallTime> first_in_day(std::chrono::local_days day, WallTime not_before) const;
  std::optional<WallTime> last_in_day(std::chrono::local_days day, WallTime not_after) const;

  std::string expression_;
  std::bitset<60> seconds_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  bool last_day_ = false;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  std::vector<NthWeekday> nth_weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace leoflow::dag
