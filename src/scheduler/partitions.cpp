#include <algorithm>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "scheduler/scheduler.hpp"

// Partitions of assets change, and DAGs run for those of their partitions that have all they need.
// Source: Airflow 3.3.2, AssetManager._queue_partitioned_dags,
// SchedulerJobRunner._create_dagruns_for_partitioned_asset_dags.
namespace leoflow::scheduler {
namespace {

/// What the producers say of one partition's date; if they disagree nobody is right.
std::optional<Time> reconcile(const std::optional<Time>& before, const std::optional<Time>& now) {
  if (!before || !now) return before ? before : now;
  return *before == *now ? before : std::nullopt;
}

/// The date that the keys tell, else the one that came along.
std::optional<Time> date_of(const PendingPartition& partition) {
  std::set<std::optional<Time>> told;
  for (const auto& [asset, progress] : partition.assets) {
    if (progress.mapped.is_temporal) told.insert(progress.mapped.date);
  }
  if (told.empty()) return partition.carried_date;
  return told.size() == 1 ? *told.begin() : std::nullopt;
}

}  // namespace

std::vector<PartitionArrival> Scheduler::partitions_changed(const std::string& dag_id,
                                                            const PartitionChange& change, Time) {
  std::vector<PartitionArrival> out;
  DagEntry* dag = find_dag(dag_id);
  // As in Airflow a paused DAG does not collect changes.
  if (dag == nullptr || !dag->may_run() || !dag->graph->timetable->partitioned()) return out;
  for (const dag::MappedPartition& mapped : change.mapped) {
    auto [found, is_new] = dag->partitions.try_emplace(mapped.key);
    PendingPartition& partition = found->second;
    if (is_new) {
      partition.id = ++last_partition_;
      partition.key = mapped.key;
    }
    partition.carried_date = reconcile(partition.carried_date, change.carried_date);
    partition.is_touched = true;
    PartitionProgress& progress = partition.assets[change.asset];
    progress.received.insert(change.key);
    progress.mapped = mapped;
    out.push_back({dag_id, partition.id, is_new, change.key, partition.carried_date, mapped});
  }
  if (!out.empty()) want_asset_run(*dag);
  return out;
}

void Scheduler::restore_partition(const std::string& dag_id, PendingPartition partition) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr) return;
  partition.is_touched = true;
  std::string key = partition.key;
  dag->partitions.insert_or_assign(std::move(key), std::move(partition));
  want_asset_run(*dag);
}

bool Scheduler::has_all(const DagEntry& dag, const PendingPartition& partition) const {
  std::map<dag::AssetKey, Time> enough;
  for (const auto& [asset, progress] : partition.assets) {
    // One that no DAG defines any more counts again when it is back.
    if (assets_.is_active(asset) && progress.is_enough()) enough.emplace(asset, Time{});
  }
  return dag.graph->asset_condition && assets_.is_met(*dag.graph->asset_condition, enough);
}

void Scheduler::create_partition_runs(DagEntry& dag, Time now) {
  if (dag.stale) return;
  std::vector<PendingPartition> ready;
  for (auto& [key, partition] : dag.partitions) {
    if (!partition.is_touched) continue;
    partition.is_touched = false;
    if (has_all(dag, partition)) ready.push_back(std::move(partition));
  }
  std::ranges::sort(ready, {}, &PendingPartition::id);
  for (PendingPartition& partition : ready) {
    dag.partitions.erase(partition.key);
    NewRun request;
    request.type = RunType::asset_triggered;
    request.run_after = now;
    request.run_id = fmt::format("asset_triggered__{}_{}", to_iso_offset(now), make_id_(now).text().substr(24, 8));
    request.triggered_by = "asset";
    request.partition_key = partition.key;
    request.partition_date = date_of(partition);
    const auto run = create_run(dag.dag_id, std::move(request), now);
    if (run) changes_.partition_runs.push_back({partition.id, *run});
  }
}

}  // namespace leoflow::scheduler
