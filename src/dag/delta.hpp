#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::dag {

/// A timedelta or relativedelta: calendar months plus a fixed length.
struct Delta {
  int months = 0;
  Duration fixed{0};

  bool is_zero() const { return months == 0 && fixed.count() == 0; }
  /// As Python prints a timedelta: "1 day, 0:00:00".
  std::string text() const;
};

/// The day of the month is cut to the month's last, as relativedelta does.
Time operator+(Time time, const Delta& delta);
Time operator-(Time time, const Delta& delta);

/// A number of seconds, or an encoded timedelta or relativedelta.
/// Errors: invalid, unsupported (a relativedelta with absolute or weekday parts).
Result<Delta> read_delta(const json::value& encoded);

}  // namespace leoflow::dag
