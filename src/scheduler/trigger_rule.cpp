#include "scheduler/trigger_rule.hpp"

namespace leoflow::scheduler {

using dag::TaskState;
using dag::TriggerRule;

void StateCounts::count(TaskState state, std::uint32_t by, bool is_setup) {
  switch (state) {
    case TaskState::success:
      success += by;
      if (is_setup) setup_success += by;
      break;
    case TaskState::failed:
      failed += by;
      break;
    case TaskState::upstream_failed:
      upstream_failed += by;
      break;
    case TaskState::skipped:
      skipped += by;
      if (is_setup) setup_skipped += by;
      break;
    case TaskState::removed:
      removed += by;
      break;
    default:
      break;
  }
}

void StateCounts::add(TaskState state, bool is_setup) {
  ++all;
  if (is_setup) ++setups;
  count(state, 1, is_setup);
}

void StateCounts::move(TaskState from, TaskState to, bool is_setup) {
  count(from, ~0U, is_setup);
  count(to, 1, is_setup);
}

StateCounts& StateCounts::operator+=(const StateCounts& other) {
  all += other.all;
  success += other.success;
  failed += other.failed;
  upstream_failed += other.upstream_failed;
  skipped += other.skipped;
  removed += other.removed;
  setups += other.setups;
  setup_success += other.setup_success;
  setup_skipped += other.setup_skipped;
  return *this;
}

namespace {

/// An instance for which its upstream has no partner any more.
bool is_left_over(const StateCounts& c, int map_index) {
  return c.removed > 0 && c.success > 0 && map_index >= 0 &&
         static_cast<std::uint32_t>(map_index) >= c.success;
}

}  // namespace

Verdict judge_setups(const StateCounts& c, int map_index) {
  if (c.any_failed()) return Verdict::upstream_failed;
  if (c.skipped > 0) return Verdict::skip;
  if (is_left_over(c, map_index)) return Verdict::remove;
  const std::uint32_t enough = map_index >= 0 ? c.success + c.removed : c.success;
  return enough >= c.all ? Verdict::run : Verdict::wait;
}

Verdict judge(TriggerRule rule, const StateCounts& c, int map_index) {
  const std::uint32_t upstream = c.all;
  const std::uint32_t setups = c.setups;
  const bool all_done = c.done() >= upstream;
  const bool any_failed = c.any_failed();
  switch (rule) {
    case TriggerRule::always:
      return Verdict::run;

    case TriggerRule::all_success:
      if (any_failed) return Verdict::upstream_failed;
      if (c.skipped > 0) return Verdict::skip;
      if (is_left_over(c, map_index)) return Verdict::remove;
      return c.success + c.removed >= upstream ? Verdict::run : Verdict::wait;

    case TriggerRule::all_failed:
      if (c.success + c.skipped > 0) return Verdict::skip;
      return c.failed + c.upstream_failed + c.removed >= upstream ? Verdict::run : Verdict::wait;

    case TriggerRule::all_done:
      return all_done ? Verdict::run : Verdict::wait;

    case TriggerRule::all_done_setup_success:
      if (!all_done) return Verdict::wait;
      if (setups == 0 || c.setup_success > 0) return Verdict::run;
      return c.setup_skipped >= setups ? Verdict::skip : Verdict::upstream_failed;

    case TriggerRule::all_done_min_one_success:
      if (c.skipped > 0) return Verdict::skip;
      if (!all_done) return Verdict::wait;
      return c.success > 0 ? Verdict::run : Verdict::upstream_failed;

    case TriggerRule::one_success:
      if (c.success > 0) return Verdict::run;
      if (!all_done) return Verdict::wait;
      return c.skipped == c.done() ? Verdict::skip : Verdict::upstream_failed;

    case TriggerRule::one_failed:
      if (any_failed) return Verdict::run;
      return all_done ? Verdict::skip : Verdict::wait;

    case TriggerRule::one_done:
      if (c.success + c.failed > 0) return Verdict::run;
      return all_done ? Verdict::skip : Verdict::wait;

    case TriggerRule::none_failed:
      if (any_failed) return Verdict::upstream_failed;
      return c.success + c.skipped + c.removed >= upstream ? Verdict::run : Verdict::wait;

    case TriggerRule::none_failed_min_one_success:
      if (any_failed) return Verdict::upstream_failed;
      if (c.skipped >= upstream) return Verdict::skip;
      if (!all_done) return Verdict::wait;
      return c.success > 0 ? Verdict::run : Verdict::upstream_failed;

    case TriggerRule::none_skipped:
      if (c.skipped > 0) return Verdict::skip;
      return all_done ? Verdict::run : Verdict::wait;

    case TriggerRule::all_skipped:
      if (c.success + c.failed + c.upstream_failed > 0) return Verdict::skip;
      return c.skipped >= upstream ? Verdict::run : Verdict::wait;
  }
  return Verdict::wait;
}

}  // namespace leoflow::scheduler
