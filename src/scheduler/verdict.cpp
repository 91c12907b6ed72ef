#include <algorithm>

#include "scheduler/scheduler.hpp"

// Whether a task instance may run: its trigger rule, the setups around it, what it is mapped
// over, and what a branch above it decided.
namespace leoflow::scheduler {
namespace {

bool is_final(Verdict verdict) {
  return verdict != Verdict::run && verdict != Verdict::wait;
}

}  // namespace

// Source: Airflow 3.3.2, NotPreviouslySkippedDep.
bool Scheduler::is_left_out(TaskRef ref) {
  const Run& run = *ref.run;
  if (run.skips.empty()) return false;
  return std::ranges::any_of(ref.task().upstream, [&](TaskIndex up) {
    const dag::Task& branch = run.graph->tasks[up];
    if (!branch.can_skip_downstream) return false;
    const Family& family = run.families[up];
    std::uint32_t place = up;
    if (branch.expansion) {
      const auto mine = static_cast<std::size_t>(ref.ti().map_index);
      if (ref.ti().map_index < 0 || mine >= family.mapped.size()) return false;
      place = family.mapped[mine];
    } else if (!family.mapped.empty()) {
      return false;
    }
    const auto decision = run.skips.find(place);
    return decision != run.skips.end() && is_finished(run.tasks[place].state) &&
           decision->second.skips(ref.task().task_id);
  });
}

Verdict Scheduler::judge_upstream(TaskRef ref) {
  const dag::Task& task = ref.task();
  if (task.upstream.empty() || task.trigger_rule == dag::TriggerRule::always) return Verdict::run;
  const Verdict around =
      task.setups.empty() ? Verdict::run : judge_setups(counts_for(ref, task.setups), ref.ti().map_index);
  if (is_final(around)) return around;
  const Verdict direct = judge_direct(ref);
  if (direct != Verdict::run || around == Verdict::wait) return is_final(direct) ? direct : Verdict::wait;
  if (task.scope.empty()) return Verdict::run;
  const StateCounts scope = counts_for(ref, task.scope);
  return scope.done() >= scope.all ? Verdict::run : Verdict::wait;
}

Verdict Scheduler::judge_direct(TaskRef ref) {
  const dag::Task& task = ref.task();
  const StateCounts& all = ref.run->families[ref.ti().task].upstream;
  return judge(task.trigger_rule, task.mapped_group ? counts_for(ref, task.upstream) : all,
               ref.ti().map_index);
}

Verdict Scheduler::verdict_of(TaskRef ref) {
  if (is_left_out(ref)) return Verdict::skip;
  const Verdict upstream = judge_upstream(ref);
  if (upstream == Verdict::upstream_failed || !ref.task().needs_expansion()) return upstream;
  const Verdict sources = judge_sources(ref);
  return sources == Verdict::run ? upstream : sources;
}

bool Scheduler::all_wait(Run& run, TaskIndex task) {
  const dag::Task& definition = run.graph->tasks[task];
  if (definition.mapped_group || !run.skips.empty() || !definition.setups.empty()) return false;
  const TaskRef any{&run, task};
  return judge_direct(any) == Verdict::wait && judge_sources(any) == Verdict::run;
}

}  // namespace leoflow::scheduler
