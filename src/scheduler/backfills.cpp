#include <algorithm>
#include <fmt/format.h>

#include "scheduler/scheduler.hpp"

// Runs of a backfill start in its order and under its own limit, beside those that the schedule makes.
// Source: Airflow 3.3.2, SchedulerJobRunner._start_queued_dagruns, _mark_backfills_complete.
namespace leoflow::scheduler {

Backfill* Scheduler::backfill_of(const Run& run) {
  auto& active = run.dag->backfill;
  return active && run.backfill && active->id == run.backfill->id ? &*active : nullptr;
}

void Scheduler::put_backfill(const std::string& dag_id, Backfill backfill) {
  if (DagEntry* dag = find_dag(dag_id)) dag->backfill = std::move(backfill);
}

bool Scheduler::pause_backfill(const std::string& dag_id, std::int64_t id, bool paused, Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr || !dag->backfill || dag->backfill->id != id) return false;
  dag->backfill->paused = paused;
  start_runs(*dag, now);
  return true;
}

bool Scheduler::cancel_backfill(const std::string& dag_id, std::int64_t id, Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr || !dag->backfill || dag->backfill->id != id) return false;
  dag->backfill->paused = true;
  std::vector<Run*> waiting;
  for (const auto& [ordinal, run] : dag->backfill->queued) waiting.push_back(run);
  for (Run* run : waiting) mark_run(*run, RunState::failed, now);
  drop_backfill(*dag);
  return true;
}

void Scheduler::drop_backfill(DagEntry& dag) {
  // Those that still run are ordinary ones from now on.
  std::vector<Run*> running;
  for (const auto& [run_id, run] : dag.runs) {
    if (backfill_of(*run) != nullptr && !is_finished(run->state)) running.push_back(run.get());
  }
  for (Run* run : running) delist(*run);
  dag.backfill.reset();
  for (Run* run : running) enlist(*run);
}

void Scheduler::start_backfill_runs(DagEntry& dag, Time now) {
  while (dag.may_run() && dag.backfill && !dag.backfill->paused && !dag.backfill->queued.empty() &&
         dag.backfill->running < static_cast<std::uint32_t>(dag.backfill->max_active_runs)) {
    Run& run = *dag.backfill->queued.begin()->second;
    if (run.run_after > now) break;
    begin(run, now);
  }
}

void Scheduler::complete_backfill(DagEntry& dag) {
  if (!dag.backfill || dag.backfill->running > 0 || !dag.backfill->queued.empty()) return;
  changes_.completed_backfills.push_back(dag.backfill->id);
  dag.backfill.reset();
}

Result<void> Scheduler::take_into_backfill(Run& run, const NewRun& request, Time now) {
  if (!is_finished(run.state)) {
    return fail(ErrorCode::conflict, fmt::format("run '{}' has not ended", run.run_id));
  }
  run.backfill = request.backfill;
  run.type = RunType::backfill;
  run.triggered_by = request.triggered_by;
  if (!request.conf.empty()) run.conf = request.conf;
  changes_.taken_into_backfill.push_back(&run);
  std::vector<std::pair<std::string, int>> all;
  for (const TaskInstance& ti : run.tasks) {
    // Of one that somebody deleted nothing is stored that could begin again.
    if (!ti.id.is_nil()) all.emplace_back(run.task_of(ti).task_id, ti.map_index);
  }
  return clear(run, all, true, now);
}

}  // namespace leoflow::scheduler
