#include "dag/timetable_trivial.hpp"

#include <algorithm>

namespace leoflow::dag {

std::optional<RunInfo> NullTimetable::next(const std::optional<RunInfo>&, const Restriction&,
                                           Time) const {
  return std::nullopt;
}

std::optional<RunInfo> OnceTimetable::next(const std::optional<RunInfo>& last,
                                           const Restriction& restriction, Time now) const {
  if (last) return std::nullopt;
  const Time run_after = restriction.earliest.value_or(now);
  if (restriction.latest && run_after > *restriction.latest) return std::nullopt;
  return RunInfo{run_after, DataInterval{run_after, run_after}};
}

std::optional<RunInfo> ContinuousTimetable::next(const std::optional<RunInfo>& last_run,
                                                 const Restriction& restriction, Time now) const {
  const auto last = interval_of(last_run);
  const Time earliest = restriction.earliest.value_or(now);
  DataInterval interval{earliest, std::max(earliest, now)};
  if (last && last->end > now) {
    interval.end = earliest + (last->end - last->start);
  } else if (last) {
    interval = {last->end, now};
  }
  if (restriction.latest && interval.end > *restriction.latest) return std::nullopt;
  return RunInfo{interval.end, interval};
}

}  // namespace leoflow::dag
