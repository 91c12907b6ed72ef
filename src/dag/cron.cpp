#include "dag/cron.hpp"

namespace leoflow::dag {
namespace {

using namespace std::chrono;

constexpr days kHorizon{366 * 50};

}  // namespace

bool Cron::matches_day(local_days day) const {
  const year_month_day date{day};
  if (!months_[static_cast<unsigned>(date.month())]) return false;

  const unsigned of_month = static_cast<unsigned>(date.day());
  const unsigned last = static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day());
  const bool by_day = days_[of_month] || (last_day_ && of_month == last);

  const unsigned weekday = std::chrono::weekday{day}.c_encoding();
  bool by_weekday = weekdays_[weekday];
  for (const NthWeekday& nth : nth_weekdays_) {
    if (static_cast<unsigned>(nth.weekday) != weekday) continue;
    by_weekday = by_weekday ||
                 (nth.nth > 0 ? static_cast<int>((of_month - 1) / 7 + 1) == nth.nth : of_month + 7 > last);
  }
  if (any_day_ && any_weekday_) return true;
  if (any_day_) return by_weekday;
  if (any_weekday_) return by_day;
  return by_day || by_weekday;
}

std::optional<WallTime> Cron::first_in_day(local_days day, WallTime not_before) const {
  for (std::size_t h = 0; h < 24; ++h) {
    if (!hours_[h] || WallTime{day + hours{h + 1}} <= not_before) continue;
    for (std::size_t m = 0; m < 60; ++m) {
      if (!minutes_[m] || WallTime{day + hours{h} + minutes{m + 1}} <= not_before) continue;
      for (std::size_t s = 0; s < 60; ++s) {
        if (!seconds_[s]) continue;
        const WallTime at{day + hours{h} + minutes{m} + seconds{s}};
        if (at >= not_before) return at;
      }
    }
  }
  return std::nullopt;
}

std::optional<WallTime> Cron::last_in_day(local_days day, WallTime not_after) const {
  for (std::size_t h = 24; h-- > 0;) {
    if (!hours_[h] || WallTime{day + hours{h}} > not_after) continue;
    for (std::size_t m = 60; m-- > 0;) {
      if (!minutes_[m] || WallTime{day + hours{h} + minutes{m}} > not_after) continue;
      for (std::size_t s = 60; s-- > 0;) {
        if (!seconds_[s]) continue;
        const WallTime at{day + hours{h} + minutes{m} + seconds{s}};
        if (at <= not_after) return at;
      }
    }
  }
  return std::nullopt;
}

std::optional<WallTime> Cron::next(WallTime after) const {
  const WallTime not_before = after + Duration{1};
  const local_days first = floor<days>(not_before);
  for (local_days day = first; day < first + kHorizon; day += days{1}) {
    if (!matches_day(day)) continue;
    if (const auto found = first_in_day(day, not_before)) return found;
  }
  return std::nullopt;
}

std::optional<WallTime> Cron::previous(WallTime before) const {
  const WallTime not_after = before - Duration{1};
  const local_days first = floor<days>(not_after);
  for (local_days day = first; day > first - kHorizon; day -= days{1}) {
    if (!matches_day(day)) continue;
    if (const auto found = last_in_day(day, not_after)) return found;
  }
  return std::nullopt;
}

}  // namespace leoflow::dag
