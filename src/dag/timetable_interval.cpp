#include "dag/timetable_interval.hpp"

#include <algorithm>

namespace leoflow::dag {

std::optional<RunInfo> DataIntervalTimetable::next(const std::optional<RunInfo>& last_run,
                                                   const Restriction& restriction, Time now) const {
  const auto last = interval_of(last_run);
  std::optional<Time> earliest = restriction.earliest;
  if (!restriction.catchup) {
    earliest = skip_to_latest(earliest, now);
  } else if (earliest) {
    earliest = ticks().align_to_next(*earliest);
  }

  std::optional<Time> start = earliest;
  if (last) {
    // The schedule may have changed since: the last end need not be a tick any more.
    start = ticks().align_to_previous(last->end);
    if (start && earliest) start = std::max(*start, *earliest);
    // A coarser schedule can align the start onto the previous run.
    if (start && *start <= last->start) start = ticks().next(*start);
    if (start && *start <= last->start) return std::nullopt;
  }
  if (!start || (restriction.latest && *start > *restriction.latest)) return std::nullopt;
  const auto end = ticks().next(*start);
  if (!end) return std::nullopt;
  return RunInfo{*end, DataInterval{*start, *end}};
}

DataInterval CronDataIntervalTimetable::manual_interval(Time run_after) const {
  const Time end = ticks().align_to_previous(run_after).value_or(run_after);
  return {ticks().previous(end).value_or(end), end};
}

std::optional<Time> CronDataIntervalTimetable::skip_to_latest(std::optional<Time> earliest, Time now) const {
  const auto last_start = ticks().previous(now);
  if (!last_start) return earliest;
  // On a tick the interval that ends now is the newest; between ticks it is the one before.
  const auto next_start = ticks().next(*last_start);
  const auto newest = next_start == now ? last_start : ticks().previous(*last_start);
  if (!newest || !earliest) return newest;
  const auto aligned = ticks().align_to_next(*earliest);
  return aligned ? std::max(*newest, *aligned) : newest;
}

Time DeltaDataIntervalTimetable::round_down(Time time, Time anchor) const {
  if (delta_.months != 0) {
    // Cutting days at month ends depends on the path, so walk it.
    Time boundary = anchor;
    while (boundary + delta_ <= time) boundary = boundary + delta_;
    return boundary;
  }
  const auto length = delta_.fixed.count();
  const auto since_epoch = time.time_since_epoch().count();
  return from_micros(since_epoch - ((since_epoch % length) + length) % length);
}

std::optional<Time> DeltaDataIntervalTimetable::skip_to_latest(std::optional<Time> earliest, Time now) const {
  const Time newest = round_down(now, earliest.value_or(now)) - delta_;
  return earliest ? std::max(newest, *earliest) : newest;
}

}  // namespace leoflow::dag
