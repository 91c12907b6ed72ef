#include "scheduler/trigger_rule.hpp"

namespace leoflow::scheduler {

using dag::TaskState;
using dag::TriggerRule;

void UpstreamCounts::count(TaskState state, int by, bool is_setup) {
  const auto step = static_cast<std::uint32_t>(by);
  switch (state) {
    case TaskState::success:
      success += step;
      if (is_setup) setup_success += step;
      break;
    case TaskState::failed:
      failed += step;
      break;
    case TaskState::upstream_failed:
      upstream_failed += step;
      break;
    case TaskState::skipped:
      skipped += step;
      if (is_setup) setup_skipped += step;
      break;
    case TaskState::removed:
      removed += step;
      break;
    default:
      break;
  }
}

Verdict judge_setups(const UpstreamCounts& c, std::uint32_t setups) {
  if (c.failed + c.upstream_failed > 0) return Verdict::upstream_failed;
  if (c.skipped > 0) return Verdict::skip;
  return c.success >= setups ? Verdict::run : Verdict::wait;
}

Verdict judge(TriggerRule rule, const UpstreamCounts& c, std::uint32_t upstream, std::uint32_t setups) {
  if (upstream == 0) return Verdict::run;
  const bool all_done = c.done() >= upstream;
  const bool any_failed = c.failed + c.upstream_failed > 0;
  switch (rule) {
    case TriggerRule::always:
      return Verdict::run;

    case TriggerRule::all_success:
      if (any_failed) return Verdict::upstream_failed;
      if (c.skipped > 0) return Verdict::skip;
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
