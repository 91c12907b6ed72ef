#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dag/assets.hpp"
#include "engine/partitions.hpp"
#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

/// Assets between the scheduler and the store.
namespace leoflow::engine {

/// An event that a task asked for besides those that its outlets make.
struct OutletEvent {
  std::optional<std::string> alias;  ///< the alias that it was put on
  dag::AssetKey asset;
  std::string extra = "{}";        ///< JSON object
  std::string asset_extra = "{}";  ///< of the asset, if the alias makes it anew
  std::optional<std::string> partition_key;
};

/// What a task that succeeded says of assets.
struct OutletReport {
  std::vector<dag::AssetLeaf> outlets;
  std::vector<OutletEvent> events;
  bool empty() const { return outlets.empty() && events.empty(); }
};

/// An event to be stored. Without source it came from outside.
struct AssetEvent {
  dag::AssetKey asset;
  std::string extra = "{}";
  std::string asset_extra = "{}";
  std::vector<std::string> aliases;
  std::optional<std::string> partition_key;
  std::optional<Time> partition_date;  ///< of that key
  std::optional<std::string> dag_id, run_id, task_id;
  int map_index = -1;
  std::optional<std::string> watcher_event;  ///< the id that the agent of a watcher gave to it
  PartitionEffects effects;                  ///< of the partition, once it is announced
};

/// The events that a successful attempt makes. Outlets that nobody defines (any more) make none.
/// Source: Airflow 3.3.2, TaskInstance.register_asset_changes_in_db.
std::vector<AssetEvent> events_of(const scheduler::AssetBook& assets, const scheduler::TaskRef& source,
                                  const OutletReport& report);

/// Tells the scheduler, and notes in each event what came of it. Events of a partition are only for DAGs
/// that are scheduled by partitions.
void announce(scheduler::Scheduler& scheduler, std::vector<AssetEvent>& events, Time now);

void write_asset_events(store::Session& session, const std::vector<AssetEvent>& events, Time now);
/// Errors: invalid, naming an asset of the DAG whose name and URI are too long for an index of the database.
Result<void> check_assets(const dag::Dag& dag);
/// What a DAG's schedule and tasks say of assets, in the place of what they said before.
/// @returns whether it said something before that it does not say now.
bool write_dag_assets(store::Session& session, const dag::Dag& dag, Time now);
/// What waits for a DAG's next asset-triggered run.
void write_asset_queue(store::Session& session, const scheduler::DagEntry& dag);
/// The events since the DAG's asset-triggered run before become those of this one.
void write_consumed_events(store::Session& session, const scheduler::Run& run);
/// After a restart: aliases and queues.
void load_assets(scheduler::Scheduler& scheduler, store::Session& session);
/// JSON array of the SDK's AssetEventDagRunReference.
std::string consumed_events(store::Session& session, const std::string& dag_id, const std::string& run_id);

}  // namespace leoflow::engine
