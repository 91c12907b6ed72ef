#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::dag {

/// What a relativedelta puts in the place of a part of the date: "the 31st", "at 6 o'clock".
struct DateParts {
  std::optional<int> year;
  std::optional<int> month;
  std::optional<int> day;
  std::optional<int> hour;
  std::optional<int> minute;
  std::optional<int> second;
  std::optional<int> microsecond;
  friend bool operator==(const DateParts&, const DateParts&) = default;
};

/// A timedelta or relativedelta: calendar months, then parts that are replaced, then a fixed length.
struct Delta {
  int months = 0;
  Duration fixed{0};
  DateParts parts{};

  bool is_zero() const { return months == 0 && fixed.count() == 0 && parts == DateParts{}; }
  /// As Python prints a timedelta: "1 day, 0:00:00".
  std::string text() const;
};

/// The day of the month is cut to the month's last, as relativedelta does.
Time operator+(Time time, const Delta& delta);
Time operator-(Time time, const Delta& delta);

/// A number of seconds, or an encoded timedelta or relativedelta.
/// Errors: invalid, unsupported (a relativedelta with weekday parts).
Result<Delta> read_delta(const json::value& encoded);

}  // namespace leoflow::dag
