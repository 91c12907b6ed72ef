#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

/// Partitions of assets and DAGs between the scheduler and the store.
namespace leoflow::engine {

/// What a change of an asset's partition, or of an asset without one, does to DAGs that are
/// scheduled by partitions.
struct PartitionEffects {
  struct Problem {
    std::string event;  ///< as in Airflow's audit log
    std::string text;
  };
  struct Question {
    std::string dag_id;
    std::optional<Time> date;
  };
  std::vector<scheduler::PartitionArrival> arrivals;
  std::vector<Problem> problems;
  std::vector<Question> unmapped;  ///< Python has to say first which partitions it is for
  bool empty() const { return arrivals.empty() && problems.empty() && unmapped.empty(); }
};

/// @param waiting  the DAGs that the asset's schedule matters to.
PartitionEffects announce_partition(scheduler::Scheduler& scheduler, const std::set<std::string>& waiting,
                                    const dag::AssetKey& asset, const std::optional<std::string>& key,
                                    std::optional<Time> date, Time now);

/// What Python said of one DAG.
PartitionEffects announce_mapped(scheduler::Scheduler& scheduler, const std::string& dag_id,
                                 const dag::AssetKey& asset, const std::string& key, std::optional<Time> date,
                                 const Result<std::vector<dag::MappedPartition>>& mapped, Time now);

/// Whose change it was; empty for one from outside.
struct ChangeSource {
  std::optional<std::string> dag_id, task_id, run_id;
};
void write_partition_effects(store::Session& session, const PartitionEffects& effects, std::int64_t event_id,
                             const ChangeSource& source, Time now);
/// Runs that were created for partitions, and partitions that are given up.
void write_partition_runs(store::Session& session, const scheduler::Changes& changes, Time now);
/// After a restart: the partitions that wait.
void load_partitions(scheduler::Scheduler& scheduler, store::Session& session);

}  // namespace leoflow::engine
