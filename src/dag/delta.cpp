#include "dag/delta.hpp"

#include <fmt/format.h>

namespace leoflow::dag {
namespace {

using namespace std::chrono;

Time add_months(Time time, int count) {
  if (count == 0) return time;
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const year_month month = date.year() / date.month() + std::chrono::months{count};
  const year_month_day last{month / std::chrono::last};
  const year_month_day moved{month.year(), month.month(), std::min(date.day(), last.day())};
  return Time{sys_days{moved}} + (time - day);
}

Duration from_seconds(double seconds) {
  return Duration{static_cast<std::int64_t>(seconds * 1e6)};
}

Result<Delta> read_relative(const json::value& parts) {
  if (!parts.is_object()) return fail(ErrorCode::invalid, "a relativedelta must be an object");
  for (const auto& [key, value] : parts.get_object()) {
    const std::string_view name(key.data(), key.size());
    const bool plural = name.ends_with('s');
    if (!plural || !value.is_number()) {
      return fail(ErrorCode::unsupported, fmt::format("relativedelta with '{}' is not supported yet", name));
    }
  }
  Delta delta;
  delta.months = static_cast<int>(get_integer(parts, "years", 0) * 12 + get_integer(parts, "months", 0));
  delta.fixed = days{get_integer(parts, "days", 0)} + hours{get_integer(parts, "hours", 0)} +
                minutes{get_integer(parts, "minutes", 0)} + seconds{get_integer(parts, "seconds", 0)} +
                microseconds{get_integer(parts, "microseconds", 0)};
  return delta;
}

}  // namespace

std::string Delta::text() const {
  const auto whole_days = floor<days>(fixed);
  const hh_mm_ss rest{floor<seconds>(fixed - whole_days)};
  std::string out;
  if (months != 0) out += fmt::format("{} month{}, ", months, months == 1 ? "" : "s");
  if (whole_days.count() != 0)
    out += fmt::format("{} day{}, ", whole_days.count(), whole_days.count() == 1 ? "" : "s");
  return out +
         fmt::format("{}:{:02}:{:02}", rest.hours().count(), rest.minutes().count(), rest.seconds().count());
}

Time operator+(Time time, const Delta& delta) {
  return add_months(time, delta.months) + delta.fixed;
}
Time operator-(Time time, const Delta& delta) {
  return add_months(time, -delta.months) - delta.fixed;
}

Result<Delta> read_delta(const json::value& encoded) {
  if (encoded.is_number()) return Delta{0, from_seconds(encoded.to_number<double>())};
  if (const json::value* parts = find(encoded, "__var")) {
    if (get_text(encoded, "__type") == "relativedelta") return read_relative(*parts);
    return read_delta(*parts);
  }
  if (encoded.is_object()) return read_relative(encoded);
  return fail(ErrorCode::invalid, "an interval must be a number of seconds or a relativedelta");
}

}  // namespace leoflow::dag
