#include <algorithm>
#include <fmt/format.h>

#include "base/time_text.hpp"
#include "scheduler/scheduler.hpp"

// A run is created, starts, ends.
namespace leoflow::scheduler {
namespace {

/// As in Airflow a run before a task's start or after its end does not have that task.
/// Source: Airflow 3.3.2, DagRun.verify_integrity.
bool has_task(const Run& run, const dag::Task& task) {
  if (!run.logical_date || run.type == RunType::backfill) return true;
  return !(task.start_date && *run.logical_date < *task.start_date) &&
         !(task.end_date && *run.logical_date > *task.end_date);
}

}  // namespace

Run* Scheduler::find_run(const std::string& dag_id, const std::string& run_id) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr) return nullptr;
  const auto found = dag->runs.find(run_id);
  return found == dag->runs.end() ? nullptr : found->second.get();
}

Result<Run*> Scheduler::create_run(const std::string& dag_id, NewRun request, Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr) return fail(ErrorCode::not_found, fmt::format("DAG '{}' not found", dag_id));
  if (dag->runs.contains(request.run_id)) {
    return fail(ErrorCode::conflict,
                fmt::format("run '{}' of DAG '{}' exists already", request.run_id, dag_id));
  }
  auto owned = std::make_unique<Run>();
  Run& run = *owned;
  run.dag = dag;
  run.run_id = std::move(request.run_id);
  run.version_id = dag->version_id;
  run.bundle_version = dag->bundle_version;
  run.graph = dag->graph;
  run.type = request.type;
  run.triggered_by = std::move(request.triggered_by);
  run.user = std::move(request.user);
  run.logical_date = request.logical_date;
  run.interval = request.interval;
  run.run_after = request.run_after;
  run.queued_at = now;
  run.conf = std::move(request.conf);
  run.note = std::move(request.note);
  run.partition_key = std::move(request.partition_key);
  run.partition_date = request.partition_date;
  run.backfill = request.backfill;
  run.sequence = ++sequence_;

  run.fill();
  for (TaskInstance& ti : run.tasks) {
    if (!has_task(run, run.task_of(ti))) ti.state = TaskState::removed;
  }
  run.index();
  name_new_instances(run, 0, now);
  expand_literals(run, now);
  run.dirty = true;
  changes_.created.push_back(&run);
  dag->runs.emplace(run.run_id, std::move(owned));
  if (run.logical_date) dag->by_date.emplace(*run.logical_date, &run);
  enlist(run);
  remember(run);
  start_runs(*dag, now);
  return &run;
}

Run* Scheduler::adopt_run(const std::string& dag_id, Run stored, Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr || dag->runs.contains(stored.run_id)) return nullptr;
  auto owned = std::make_unique<Run>(std::move(stored));
  Run& run = *owned;
  run.dag = dag;
  run.sequence = ++sequence_;
  dag->runs.emplace(run.run_id, std::move(owned));
  if (run.logical_date) dag->by_date.emplace(*run.logical_date, &run);
  run.is_new = false;
  run.index();
  for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
    const TaskRef ref{&run, i};
    const TaskInstance& ti = ref.ti();
    count_slots(ref, TaskState::none, ti.state);
    if (ti.state == TaskState::scheduled) make_ready(ref);
    if (is_parked(ti.state)) note_parked(ref, true);
    if (ti.state == TaskState::up_for_retry || ti.state == TaskState::up_for_reschedule) arm_wake_up(ref);
  }
  if (is_finished(run.state)) {
    finished_.push_back(&run);
    return &run;
  }
  enlist(run);
  remember(run);
  if (run.state == RunState::running) {
    arm_timeout(run);
    evaluate_all(run, now);
  }
  // Once all are there: those that run take their places before those that wait.
  if (run.state == RunState::queued) arm({Time{}, Timer::Kind::run_start, dag_id, ""});
  return &run;
}

void Scheduler::enlist(Run& run) {
  Backfill* backfill = backfill_of(run);
  if (run.state == RunState::queued) {
    if (backfill != nullptr) {
      backfill->queued.emplace(run.backfill->ordinal, &run);
    } else {
      run.dag->queued.emplace(std::pair(run.run_after, run.sequence), &run);
    }
    if (run.run_after > run.queued_at)
      arm({run.run_after, Timer::Kind::run_start, run.dag->dag_id, run.run_id});
  } else if (run.state == RunState::running) {
    ++(backfill != nullptr ? backfill->running : run.dag->running);
  }
}

void Scheduler::delist(Run& run) {
  Backfill* backfill = backfill_of(run);
  if (run.state == RunState::queued) {
    if (backfill != nullptr) {
      backfill->queued.erase(run.backfill->ordinal);
    } else {
      run.dag->queued.erase(std::pair(run.run_after, run.sequence));
    }
  }
  if (run.state == RunState::running) --(backfill != nullptr ? backfill->running : run.dag->running);
}

void Scheduler::set_run_state(Run& run, RunState state, Time now) {
  if (run.state == state) return;
  delist(run);
  run.state = state;
  remember(run);
  if (state == RunState::queued) run.queued_at = now;
  enlist(run);
  note(run);
}

void Scheduler::start_runs(DagEntry& dag, Time now) {
  if (dag.starting) return;
  dag.starting = true;
  const auto most = static_cast<std::uint32_t>(dag.graph->max_active_runs);
  while (dag.may_run() && dag.running < most && !dag.queued.empty()) {
    Run& run = *dag.queued.begin()->second;
    if (run.run_after > now) break;
    begin(run, now);
  }
  start_backfill_runs(dag, now);
  dag.starting = false;
}

void Scheduler::begin(Run& run, Time now) {
  run.start_date = run.start_date.value_or(now);
  run.end_date.reset();
  set_run_state(run, RunState::running, now);
  arm_timeout(run);
  evaluate_all(run, now);
}

void Scheduler::finish_if_over(Run& run, Time now) {
  if (run.state != RunState::running) return;
  const bool deadlocked =
      run.unfinished > 0 && run.pending == 0 && run.dag->may_run() && !waits_for_past(run);
  if (run.unfinished > 0 && !deadlocked) return;
  const bool failed = deadlocked || std::ranges::any_of(run.graph->leaves, [&](TaskIndex leaf) {
                        return run.families[leaf].own.any_failed();
                      });
  end_run(run, failed ? RunState::failed : RunState::success, now);
  call_back(run, deadlocked ? "all_tasks_deadlocked" : failed ? "task_failure" : "success", now);
  if (failed) pause_after_failures(*run.dag, now);
}

void Scheduler::end_run(Run& run, RunState state, Time now) {
  run.end_date = now;
  set_run_state(run, state, now);
  finished_.push_back(&run);
  recheck_next_runs(run);
  start_runs(*run.dag, now);
  if (run.backfill) complete_backfill(*run.dag);
  // The run may have been what kept the next one from being created.
  create_due_runs(*run.dag, now);
  want_asset_run(*run.dag);
}

Result<void> Scheduler::delete_run(const std::string& dag_id, const std::string& run_id) {
  Run* run = find_run(dag_id, run_id);
  if (run == nullptr)
    return fail(ErrorCode::not_found, fmt::format("run '{}' of DAG '{}' not found", run_id, dag_id));
  forget(*run);
  changes_.deleted_runs.emplace_back(dag_id, run_id);
  return {};
}

void Scheduler::forget(Run& run) {
  for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
    const TaskRef ref{&run, i};
    if (occupies_slot(ref.ti().state)) changes_.stop.push_back({ref.ti().id, "the run was deleted"});
    // Through set_state, so that slots and queues let go of it.
    if (!is_finished(ref.ti().state)) set_state(ref, TaskState::removed);
  }
  leave_past(run);
  run.dag->recent.erase({run.run_after, run.run_id});
  delist(run);
  if (run.backfill) complete_backfill(*run.dag);
  run.state = RunState::failed;
  finished_.push_back(&run);
  // Its place is free, for one that waits or one that is due.
  arm({Time{}, Timer::Kind::run_start, run.dag->dag_id, ""});
  arm({Time{}, Timer::Kind::next_run, run.dag->dag_id, ""});
  want_asset_run(*run.dag);
  // What is noted of it must not be stored any more.
  std::erase(changes_.runs, &run);
  std::erase(changes_.created, &run);
  std::erase_if(changes_.moved, [&](const MovedRun& moved) { return moved.run == &run; });
  std::erase(changes_.asset_runs, &run);
  std::erase_if(changes_.partition_runs, [&](const PartitionRun& made) { return made.run == &run; });
  std::erase(changes_.taken_into_backfill, &run);
  std::erase_if(changes_.expanded, [&](const NewInstances& added) { return added.run == &run; });
  std::erase_if(changes_.callbacks, [&](const Callback& callback) { return callback.cause.run == &run; });
  std::erase_if(changes_.deferred, [&](const TaskRef& ref) { return ref.run == &run; });
  std::erase_if(changes_.overdue_inputs, [&](const TaskRef& ref) { return ref.run == &run; });
  std::erase_if(changes_.timed_out, [&](const TaskRef& ref) { return ref.run == &run; });
  std::erase_if(changes_.start_triggers, [&](const TaskRef& ref) { return ref.run == &run; });
  std::erase_if(changes_.tasks, [&](const TaskRef& ref) { return ref.run == &run; });
  std::erase_if(changes_.past_tries, [&](const PastTry& past) { return past.where.run == &run; });
  std::erase_if(changes_.start, [&](const TaskRef& ref) { return ref.run == &run; });
}

void Scheduler::sweep() {
  std::ranges::sort(finished_);
  finished_.erase(std::ranges::unique(finished_).begin(), finished_.end());
  for (Run* run : finished_) {
    // Reopened since, or a task still has to stop: stays.
    if (!is_finished(run->state) || run->gate.active > 0) continue;
    forget_past(*run);
    run->dag->runs.erase(run->run_id);
  }
  std::erase_if(finished_, [](const Run*) { return true; });
  dead_dags_.clear();
}

void Scheduler::note(TaskRef ref) {
  if (ref.ti().dirty) return;
  ref.ti().dirty = true;
  changes_.tasks.push_back(ref);
}

void Scheduler::note(Run& run) {
  if (run.dirty) return;
  run.dirty = true;
  changes_.runs.push_back(&run);
}

}  // namespace leoflow::scheduler
