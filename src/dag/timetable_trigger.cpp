#include "dag/timetable_trigger.hpp"

#include <algorithm>

namespace leoflow::dag {
namespace {

std::optional<Time> later(std::optional<Time> a, std::optional<Time> b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

}  // namespace

std::optional<Time> TriggerTimetable::next_tick(std::optional<Time> last, const Restriction& restriction,
                                                Time now) const {
  if (restriction.catchup) {
    if (last) return ticks().next(*last);
    return restriction.earliest ? ticks().align_to_next(*restriction.earliest) : first_run(now);
  }
  std::optional<Time> tick = ticks().align_to_previous(now);
  if (last) {
    tick = later(tick, ticks().next(*last));
  } else if (!restriction.earliest) {
    tick = later(tick, first_run(now));
  }
  if (restriction.earliest) tick = later(tick, ticks().align_to_next(*restriction.earliest));
  return tick;
}

std::optional<RunInfo> TriggerTimetable::next(const std::optional<RunInfo>& last,
                                              const Restriction& restriction, Time now) const {
  const auto interval = interval_of(last);
  const auto tick = next_tick(interval ? std::optional(interval->end) : std::nullopt, restriction, now);
  if (!tick || (restriction.latest && *restriction.latest < *tick)) return std::nullopt;
  return RunInfo{*tick, DataInterval{*tick - interval_, *tick}};
}

std::optional<Time> first_tick(const Boundaries& ticks, const RunImmediately& immediately, Time now) {
  const auto past = ticks.align_to_previous(now);
  const auto future = ticks.align_to_next(now);
  if (!past || !future) return past ? past : future;
  Duration limit{0};
  switch (immediately.mode) {
    case RunImmediately::Mode::always:
      return past;
    case RunImmediately::Mode::never:
    case RunImmediately::Mode::within_tenth:
      // Airflow reads "never" like "not told": a tick that is a tenth of the gap or five minutes old counts.
      limit = std::max<Duration>((*future - *past) / 10, std::chrono::minutes{5});
      break;
    case RunImmediately::Mode::within:
      limit = immediately.limit;
      break;
  }
  return now - *past <= limit ? past : future;
}

std::optional<RunInfo> MultipleCronTriggerTimetable::next(const std::optional<RunInfo>& last,
                                                          const Restriction& restriction, Time now) const {
  std::optional<RunInfo> best;
  for (const auto& part : parts_) {
    const auto info = part->next(last, restriction, now);
    if (!info) continue;
    // With catchup the earliest counts; without, the newest that is due, else the first to come.
    const bool both_due = best && !restriction.catchup && best->run_after <= now && info->run_after <= now;
    const bool better =
        !best || (both_due ? info->run_after > best->run_after : info->run_after < best->run_after);
    if (better) best = info;
  }
  return best;
}

std::string MultipleCronTriggerTimetable::summary() const {
  std::string out;
  for (const auto& part : parts_) {
    if (!out.empty()) out += ", ";
    out += part->summary();
  }
  return out;
}

}  // namespace leoflow::dag
