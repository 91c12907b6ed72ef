#include "scheduler/past.hpp"

#include <algorithm>

#include "scheduler/scheduler.hpp"

// depends_on_past and its kin: a task instance waits for those of the run before.
// Source: Airflow 3.3.2, PrevDagrunDep.
namespace leoflow::scheduler {
namespace {

PastRun::Counts counts_in(const Run& run, std::string_view task_id) {
  const auto task = run.graph->find_task(task_id);
  if (!task) return {};
  const StateCounts& own = run.families[*task].own;
  return {own.all, own.all - own.success - own.skipped};
}

}  // namespace

/// The run before one, in memory or as it is stored.
struct Scheduler::Previous {
  const Run* run = nullptr;
  const PastRun* past = nullptr;

  Time logical_date() const { return run ? *run->logical_date : past->logical_date; }
  PastRun::Counts counts(const std::string& task_id) const {
    if (run) return counts_in(*run, task_id);
    const auto found = past->tasks.find(task_id);
    return found == past->tasks.end() ? PastRun::Counts{} : found->second;
  }
};

std::optional<Scheduler::Previous> Scheduler::previous_of(Run& run) {
  const bool automated_only = run.graph->catchup;
  const Run* best = nullptr;
  for (auto it = run.dag->by_date.lower_bound(*run.logical_date); it != run.dag->by_date.begin();) {
    const Run* candidate = (--it)->second;
    if (automated_only && candidate->type == RunType::manual) continue;
    best = candidate;
    break;
  }
  if (!run.past_is_known) {
    run.past = past_ ? past_->find_run(run.dag->dag_id, *run.logical_date, automated_only) : std::nullopt;
    run.past_is_known = true;
  }
  // A run in memory may not be stored yet, and what is stored of it is older.
  if (best && (!run.past || run.past->logical_date <= *best->logical_date)) return Previous{.run = best};
  if (run.past) return Previous{.past = &*run.past};
  return std::nullopt;
}

bool Scheduler::past_allows(TaskRef ref) {
  const dag::Task& task = ref.task();
  Run& run = *ref.run;
  if (!task.depends_on_past || !run.logical_date) return true;
  const auto previous = previous_of(run);
  if (!previous) return true;
  if (run.graph->catchup && task.start_date && previous->logical_date() < *task.start_date) return true;
  const PastRun::Counts counts = previous->counts(task.task_id);
  if (counts.all == 0) {
    return task.ignore_first_depends_on_past &&
           !(past_ && past_->has_task(run.dag->dag_id, task.task_id, *run.logical_date));
  }
  if (counts.unsuccessful > 0) return false;
  return !task.wait_for_downstream || std::ranges::all_of(task.downstream, [&](TaskIndex next) {
    return previous->counts(run.graph->tasks[next].task_id).unsuccessful == 0;
  });
}

std::vector<Run*> Scheduler::successors_of(const Run& run) {
  std::vector<Run*> out;
  if (!run.logical_date) return out;
  for (auto it = run.dag->by_date.upper_bound(*run.logical_date); it != run.dag->by_date.end(); ++it) {
    Run* later = it->second;
    if (later->graph->depends_on_past) out.push_back(later);
    // With catchup a run looks back past those that people made, to the scheduled one before.
    if (later->type != RunType::manual) break;
  }
  return out;
}

void Scheduler::wake_next_runs(const Run& run, const dag::Task& task, Time now) {
  for (Run* later : successors_of(run)) {
    const auto evaluate_one = [&](const std::string& task_id) {
      const auto index = later->graph->find_task(task_id);
      if (!index || !later->graph->tasks[*index].depends_on_past) return;
      Open open;
      push_all(*later, *index, open);
      evaluate(*later, std::move(open), now);
    };
    evaluate_one(task.task_id);
    for (const TaskIndex up : task.upstream) evaluate_one(run.graph->tasks[up].task_id);
    finish_if_over(*later, now);
  }
}

void Scheduler::recheck_next_runs(const Run& run) {
  for (Run* later : successors_of(run)) {
    if (later->recheck_is_due) continue;
    // By the next tick: runs that end each other's waiting are a loop then.
    later->recheck_is_due = true;
    arm({Time{}, Timer::Kind::recheck, run.dag->dag_id, later->run_id});
  }
}

bool Scheduler::waits_for_past(const Run& run) {
  return run.graph->depends_on_past && std::ranges::any_of(run.tasks, [&](const TaskInstance& ti) {
           return !is_finished(ti.state) && run.task_of(ti).depends_on_past;
         });
}

void Scheduler::forget_past(const Run& run) {
  leave_past(run);
  // They used this run from memory; from now on it is a stored one, or none.
  for (Run* later : successors_of(run)) later->past_is_known = false;
  recheck_next_runs(run);
}

void Scheduler::leave_past(const Run& run) {
  if (!run.logical_date) return;
  const auto mine = run.dag->by_date.find(*run.logical_date);
  if (mine != run.dag->by_date.end() && mine->second == &run) run.dag->by_date.erase(mine);
}

}  // namespace leoflow::scheduler
