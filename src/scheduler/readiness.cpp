#include <algorithm>
#include <utility>

#include "scheduler/scheduler.hpp"

// Upstream states decide whether a task instance runs, is skipped or fails.
namespace leoflow::scheduler {

void Scheduler::set_state(TaskRef ref, TaskState state) {
  Run& run = *ref.run;
  TaskInstance& ti = ref.ti();
  const TaskState before = ti.state;
  if (before == state) return;

  const auto adjust = [](std::uint32_t& counter, bool was, bool is) {
    if (was != is) counter += is ? 1U : ~0U;
  };
  adjust(run.unfinished, !is_finished(before), !is_finished(state));
  adjust(run.pending, !is_finished(before) && before != TaskState::none,
         !is_finished(state) && state != TaskState::none);
  if (occupies_slot(before) != occupies_slot(state)) occupy(ref, occupies_slot(state) ? 1 : -1);
  if (before == TaskState::scheduled) {
    unready(ref);
    // It may have been let through by a limit that it does not use now.
    if (!occupies_slot(state)) release_held(ref);
  }

  ti.state = state;
  for (const TaskIndex next : ref.task().downstream) {
    UpstreamCounts& counts = run.tasks[next].upstream;
    counts.count(before, -1, ref.task().is_setup);
    counts.count(state, 1, ref.task().is_setup);
  }
  note(ref);
}

Verdict Scheduler::verdict_of(TaskRef ref) const {
  const Run& run = *ref.run;
  const dag::Task& task = ref.task();
  const auto upstream = static_cast<std::uint32_t>(task.upstream.size());
  const Verdict direct = judge(task.trigger_rule, ref.ti().upstream, upstream, task.upstream_setups);
  if (task.trigger_rule == dag::TriggerRule::always) return direct;
  UpstreamCounts setups;
  for (const TaskIndex setup : task.setups) setups.count(run.tasks[setup].state, 1);
  const Verdict around = judge_setups(setups, static_cast<std::uint32_t>(task.setups.size()));
  if (around == Verdict::skip || around == Verdict::upstream_failed) return around;
  if (direct != Verdict::run) return direct;
  const bool scope_is_done =
      std::ranges::all_of(task.scope, [&](TaskIndex other) { return is_finished(run.tasks[other].state); });
  return scope_is_done ? around : Verdict::wait;
}

void Scheduler::evaluate_all(Run& run, Time now) {
  for (std::uint32_t i = 0; i < run.tasks.size(); ++i) evaluate({&run, i}, now);
  finish_if_over(run, now);
}

void Scheduler::evaluate(TaskRef first, Time now) {
  // A worklist, not recursion: a skip may run down a chain of ten thousand tasks.
  std::vector<std::uint32_t> open = {first.index};
  while (!open.empty()) {
    const TaskRef ref{first.run, open.back()};
    open.pop_back();
    const Run& run = *ref.run;
    if (ref.ti().state != TaskState::none || run.state != RunState::running || !run.dag->may_run()) continue;
    const dag::Task& task = ref.task();
    // As in Airflow a task does not run in runs before its start or after its end.
    const Time date = run.logical_date.value_or(run.run_after);
    if ((task.start_date && date < *task.start_date) || (task.end_date && date > *task.end_date)) continue;

    switch (verdict_of(ref)) {
      case Verdict::wait:
        continue;
      case Verdict::run:
        if (!past_allows(ref)) continue;
        if (!task.runs_in_engine) {
          schedule(ref, now);
          continue;
        }
        ref.ti().try_number = static_cast<std::uint16_t>(ref.ti().try_number + 1);
        set_state(ref, TaskState::success);
        break;
      case Verdict::skip:
        if (task.wait_for_past_depends_before_skipping && !past_allows(ref)) continue;
        set_state(ref, TaskState::skipped);
        break;
      case Verdict::upstream_failed:
        set_state(ref, TaskState::upstream_failed);
        break;
    }
    ref.ti().start_date = now;
    ref.ti().end_date = now;
    recheck_next_runs(run);
    for (const TaskIndex next : task.downstream) open.push_back(next);
    for (const TaskIndex next : task.watchers) open.push_back(next);
  }
}

void Scheduler::propagate(TaskRef from, Time now) {
  for (const TaskIndex next : from.task().downstream) evaluate({from.run, next}, now);
  for (const TaskIndex next : from.task().watchers) evaluate({from.run, next}, now);
  wake_next_runs(*from.run, from.task(), now);
  finish_if_over(*from.run, now);
}

void Scheduler::schedule(TaskRef ref, Time now) {
  TaskInstance& ti = ref.ti();
  // A reschedule is not a new try.
  if (ti.state != TaskState::up_for_reschedule) ti.try_number = static_cast<std::uint16_t>(ti.try_number + 1);
  ti.scheduled_at = now;
  ti.retry_at.reset();
  set_state(ref, TaskState::scheduled);
  make_ready(ref);
}

void Scheduler::finish(TaskRef ref, TaskState state, Time now) {
  TaskInstance& ti = ref.ti();
  if (!ti.start_date) ti.start_date = now;
  ti.end_date = now;
  ti.retry_at.reset();
  set_state(ref, state);
  if (state == TaskState::failed && ref.run->graph->fail_fast) fail_fast(ref, now);
  propagate(ref, now);
}

}  // namespace leoflow::scheduler
