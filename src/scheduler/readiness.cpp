#include <algorithm>
#include <numeric>
#include <utility>

#include "scheduler/scheduler.hpp"

// Upstream states decide whether a task instance runs, is skipped or fails.
namespace leoflow::scheduler {

void Scheduler::set_state(TaskRef ref, TaskState state) {
  Run& run = *ref.run;
  TaskInstance& ti = ref.ti();
  const TaskState before = ti.state;
  if (before == state) return;
  ++entered_[static_cast<std::size_t>(state)];

  const auto adjust = [](std::uint32_t& counter, bool was, bool is) {
    if (was != is) counter += is ? 1U : ~0U;
  };
  adjust(run.unfinished, !is_finished(before), !is_finished(state));
  adjust(run.pending, !is_finished(before) && before != TaskState::none,
         !is_finished(state) && state != TaskState::none);
  count_slots(ref, before, state);
  if (before == TaskState::scheduled) {
    unready(ref);
    // It may have been let through by a limit that it does not use now.
    if (!occupies_slot(state)) release_held(ref);
  }

  if (is_parked(before)) note_parked(ref, false);
  ti.state = state;
  if (is_parked(state)) note_parked(ref, true);
  const dag::Task& task = ref.task();
  run.families[ti.task].own.move(before, state, task.is_setup);
  for (const TaskIndex next : task.downstream) run.families[next].upstream.move(before, state, task.is_setup);
  note(ref);
}

void Scheduler::evaluate_all(Run& run, Time now) {
  Open open(run.tasks.size());
  std::iota(open.begin(), open.end(), 0U);
  evaluate(run, std::move(open), now);
  finish_if_over(run, now);
}

void Scheduler::evaluate(Run& run, Open open, Time now) {
  // Passes, not recursion: a skip may run down a chain of ten thousand tasks. As in
  // Airflow each pass decides by the states from before it.
  std::vector<std::pair<std::uint32_t, Verdict>> decided;
  while (!open.empty()) {
    decided.clear();
    for (const std::uint32_t index : open) {
      const TaskRef ref{&run, index};
      if (!may_begin(ref)) continue;
      const Verdict verdict = verdict_of(ref);
      if (verdict != Verdict::wait) decided.emplace_back(index, verdict);
    }
    open.clear();
    // What failed by its rule is not skipped because what it is mapped over was skipped in the same pass.
    std::ranges::stable_partition(decided,
                                  [](const auto& entry) { return entry.second == Verdict::upstream_failed; });
    for (const auto& [index, verdict] : decided) carry_out({&run, index}, verdict, open, now);
  }
}

bool Scheduler::may_begin(TaskRef ref) {
  const Run& run = *ref.run;
  return ref.ti().state == TaskState::none && run.state == RunState::running && run.dag->may_run();
}

void Scheduler::carry_out(TaskRef ref, Verdict verdict, Open& open, Time now) {
  // It may stand in one pass twice.
  if (ref.ti().state != TaskState::none) return;
  switch (verdict) {
    case Verdict::wait:
      return;
    case Verdict::run:
      if (past_allows(ref)) begin_one(ref, open, now);
      return;
    case Verdict::skip:
      if (ref.task().wait_for_past_depends_before_skipping && !past_allows(ref)) return;
      return settle(ref, TaskState::skipped, open, now);
    case Verdict::upstream_failed:
      return settle(ref, TaskState::upstream_failed, open, now);
    case Verdict::remove:
      return settle(ref, TaskState::removed, open, now);
  }
}

void Scheduler::begin_one(TaskRef ref, std::vector<std::uint32_t>& open, Time now) {
  if (ref.task().needs_expansion()) {
    if (ref.ti().map_index < 0) {
      switch (expand(ref, now)) {
        case Expanded::upstream_failed:
          return settle(ref, TaskState::upstream_failed, open, now);
        case Expanded::skip:
          return settle(ref, TaskState::skipped, open, now);
        case Expanded::grown:
          // Each of them has partners and a past of its own.
          return push_all(*ref.run, ref.ti().task, open);
      }
    }
    if (!revise(ref, open, now)) return;
  }
  if (!ref.task().runs_in_engine) return schedule(ref, now);
  ref.ti().try_number = static_cast<std::uint16_t>(ref.ti().try_number + 1);
  settle(ref, TaskState::success, open, now);
}

void Scheduler::settle(TaskRef ref, TaskState state, std::vector<std::uint32_t>& open, Time now) {
  set_state(ref, state);
  ref.ti().start_at(now);
  ref.ti().end_date = now;
  recheck_next_runs(*ref.run);
  push_below(ref, open);
  // One instance of many says nothing of its task as a whole.
  if (ref.task().feeds_expansion && ref.ti().map_index < 0) settle_dependents(ref, open, now);
}

void Scheduler::push_all(const Run& run, TaskIndex task, std::vector<std::uint32_t>& open) {
  for (std::uint32_t nth = 0; nth < run.instance_count(task); ++nth) open.push_back(run.instance(task, nth));
}

void Scheduler::push_below(TaskRef from, std::vector<std::uint32_t>& open) {
  Run& run = *from.run;
  const auto push = [&](TaskIndex next) {
    const std::uint32_t count = run.instance_count(next);
    if (count == 1) return open.push_back(run.instance(next, 0));
    const auto group = run.graph->tasks[next].mapped_group;
    const auto mine = static_cast<std::uint32_t>(from.ti().map_index);
    const bool in_step = group && group == from.task().mapped_group && !from.task().expansion &&
                         !run.graph->tasks[next].expansion && mine < count;
    if (in_step) return open.push_back(run.instance(next, mine));
    if (!all_wait(run, next)) push_all(run, next, open);
  };
  for (const TaskIndex next : from.task().downstream) push(next);
  for (const TaskIndex next : from.task().watchers) push(next);
}

void Scheduler::propagate(TaskRef from, Time now) {
  Open open;
  leave_out(from, open, now);
  push_below(from, open);
  evaluate(*from.run, std::move(open), now);
  wake_next_runs(*from.run, from.task(), now);
  finish_if_over(*from.run, now);
}

void Scheduler::end_now(TaskRef ref, TaskState state, std::string reason, Time now) {
  TaskInstance& ti = ref.ti();
  if (occupies_slot(ti.state)) changes_.stop.push_back({ti.id, std::move(reason)});
  if (!ti.start_date) ti.start_at(now);
  if (!is_finished(ti.state)) ti.end_date = now;
  ti.retry_at.reset();
  set_state(ref, state);
}

void Scheduler::schedule(TaskRef ref, Time now) {
  TaskInstance& ti = ref.ti();
  // Going on after a reschedule or a deferral is not a new try.
  const bool goes_on = ti.state == TaskState::up_for_reschedule || is_parked(ti.state);
  if (!goes_on) ti.try_number = static_cast<std::uint16_t>(ti.try_number + 1);
  ti.scheduled_at = now;
  ti.retry_at.reset();
  if (!goes_on && ref.task().start_trigger) return defer_at_start(ref, now);
  set_state(ref, TaskState::scheduled);
  make_ready(ref);
}

void Scheduler::finish(TaskRef ref, TaskState state, Time now) {
  TaskInstance& ti = ref.ti();
  if (!ti.start_date) ti.start_at(now);
  ti.end_date = now;
  ti.retry_at.reset();
  set_state(ref, state);
  if (state == TaskState::failed && ref.run->graph->fail_fast) fail_fast(ref, now);
  propagate(ref, now);
}

}  // namespace leoflow::scheduler
