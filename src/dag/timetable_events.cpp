#include "dag/timetable_events.hpp"

#include <algorithm>

namespace leoflow::dag {

// Source: Airflow 3.3.2, airflow.timetables.events.EventsTimetable.
std::optional<RunInfo> EventsTimetable::next(const std::optional<RunInfo>& last,
                                             const Restriction& restriction, Time now) const {
  std::optional<Time> earliest = restriction.earliest;
  if (!restriction.catchup) earliest = std::max(earliest.value_or(now), now);
  auto event = earliest ? std::ranges::lower_bound(events_, *earliest) : events_.begin();
  if (interval_of(last)) event = std::max(event, std::ranges::upper_bound(events_, last->interval->end));
  if (event == events_.end() || (restriction.latest && *event > *restriction.latest)) return std::nullopt;
  return RunInfo{*event, DataInterval{*event, *event}};
}

DataInterval EventsTimetable::manual_interval(Time run_after) const {
  if (!restrict_to_events_ || events_.empty()) return {run_after, run_after};
  const auto later = std::ranges::upper_bound(events_, run_after);
  const Time event = later == events_.begin() ? events_.front() : *std::prev(later);
  return {event, event};
}

}  // namespace leoflow::dag
