#include <algorithm>
#include <fmt/format.h>

#include "base/time_text.hpp"
#include "scheduler/scheduler.hpp"

// Assets change, and DAGs that are scheduled on them run.
// Source: Airflow 3.3.2, AssetManager.register_asset_change,
// SchedulerJobRunner._create_dag_runs_asset_triggered.
namespace leoflow::scheduler {

void Scheduler::asset_changed(const dag::AssetKey& asset, const std::vector<std::string>& aliases, Time now) {
  for (const std::string& alias : aliases) assets_.link(alias, asset);
  for (const std::string& dag_id : assets_.waiting_for(asset, aliases)) {
    DagEntry* dag = find_dag(dag_id);
    // As in Airflow a paused DAG does not collect changes.
    if (dag == nullptr || !dag->may_run() || dag->graph->timetable->partitioned()) continue;
    dag->queued_assets[asset] = now;
    note_queue(*dag);
    want_asset_run(*dag);
  }
}

void Scheduler::restore_queued_asset(const std::string& dag_id, const dag::AssetKey& asset, Time at) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr) return;
  dag->queued_assets[asset] = at;
  want_asset_run(*dag);
}

void Scheduler::forget_queued_assets(const std::string& dag_id, const std::optional<dag::AssetKey>& asset) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr) return;
  if (asset) {
    dag->queued_assets.erase(*asset);
  } else {
    dag->queued_assets.clear();
  }
  note_queue(*dag);
}

void Scheduler::want_asset_run(DagEntry& dag) {
  if (!makes_runs_ || dag.wants_asset_run) return;
  if (dag.queued_assets.empty() && dag.partitions.empty()) return;
  // By the next tick: all that changes in one go makes one run.
  dag.wants_asset_run = true;
  arm({Time{}, Timer::Kind::asset_run, dag.dag_id, ""});
}

void Scheduler::create_asset_run(DagEntry& dag, Time now) {
  dag.wants_asset_run = false;
  create_partition_runs(dag, now);
  const auto& condition = dag.graph->asset_condition;
  if (!dag.may_run() || !condition || dag.queued_assets.empty()) return;
  // It is asked again when a run ends.
  if (dag.running + dag.queued.size() >= static_cast<std::size_t>(dag.graph->max_active_runs)) return;
  if (!assets_.is_met(*condition, dag.queued_assets)) return;
  NewRun request;
  request.type = RunType::asset_triggered;
  for (const auto& [asset, at] : dag.queued_assets) request.run_after = std::max(request.run_after, at);
  request.run_id = fmt::format("asset_triggered__{}_{}", to_iso_offset(request.run_after),
                               make_id_(now).text().substr(24, 8));
  request.triggered_by = "asset";
  dag.queued_assets.clear();
  note_queue(dag);
  if (const auto run = create_run(dag.dag_id, std::move(request), now)) changes_.asset_runs.push_back(*run);
}

void Scheduler::note_queue(DagEntry& dag) {
  if (dag.queue_is_dirty) return;
  dag.queue_is_dirty = true;
  changes_.asset_queues.push_back(&dag);
}

}  // namespace leoflow::scheduler
