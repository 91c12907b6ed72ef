#include "dag/delta.hpp"

#include <fmt/format.h>

namespace leoflow::dag {
namespace {

using namespace std::chrono;

/// The calendar's part of a relativedelta, in UTC as Airflow's delta timetables count.
Time move(Time time, int months_more, const DateParts& parts) {
  if (months_more == 0 && parts == DateParts{}) return time;
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const int year_now = parts.year.value_or(static_cast<int>(date.year()));
  const auto month_now =
      static_cast<unsigned>(parts.month.value_or(static_cast<int>(unsigned{date.month()})));
  const year_month month = std::chrono::year{year_now} / std::chrono::month{month_now} + months{months_more};
  const auto wanted = parts.day ? std::chrono::day{static_cast<unsigned>(*parts.day)} : date.day();
  const year_month_day last{month / std::chrono::last};
  const year_month_day moved{month.year(), month.month(), std::min(wanted, last.day())};
  const hh_mm_ss clock{time - day};
  const auto part = [](const std::optional<int>& given, std::int64_t now) { return given ? *given : now; };
  return Time{sys_days{moved}} + hours{part(parts.hour, clock.hours().count())} +
         minutes{part(parts.minute, clock.minutes().count())} +
         seconds{part(parts.second, clock.seconds().count())} +
         microseconds{part(parts.microsecond, clock.subseconds().count())};
}

Duration from_seconds(double seconds) {
  return Duration{static_cast<std::int64_t>(seconds * 1e6)};
}

/// Where an absolute part goes; null for a name that is none.
std::optional<int>* find_part(DateParts& parts, std::string_view name) {
  if (name == "year") return &parts.year;
  if (name == "month") return &parts.month;
  if (name == "day") return &parts.day;
  if (name == "hour") return &parts.hour;
  if (name == "minute") return &parts.minute;
  if (name == "second") return &parts.second;
  return name == "microsecond" ? &parts.microsecond : nullptr;
}

Result<Delta> read_relative(const json::value& parts) {
  if (!parts.is_object()) return fail(ErrorCode::invalid, "a relativedelta must be an object");
  Delta delta;
  for (const auto& [key, value] : parts.get_object()) {
    const std::string_view name(key.data(), key.size());
    std::optional<int>* part = find_part(delta.parts, name);
    if (!value.is_number() || (part == nullptr && !name.ends_with('s'))) {
      return fail(ErrorCode::unsupported, fmt::format("relativedelta with '{}' is not supported yet", name));
    }
    if (part != nullptr) *part = static_cast<int>(value.to_number<double>());
  }
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
  return move(time, delta.months, delta.parts) + delta.fixed;
}
Time operator-(Time time, const Delta& delta) {
  return move(time, -delta.months, delta.parts) - delta.fixed;
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
