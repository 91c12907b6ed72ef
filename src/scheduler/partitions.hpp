#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "dag/partition_mapper.hpp"

namespace leoflow::scheduler {

/// A partition of an asset changed, as far as one DAG is concerned.
struct PartitionChange {
  dag::AssetKey asset;
  std::string key;                           ///< the asset's
  std::optional<Time> carried_date;          ///< of the run that made it, if the DAG's takes it over
  std::vector<dag::MappedPartition> mapped;  ///< the DAG's partitions that it is for
};

/// What of one asset arrived for a partition of a DAG.
struct PartitionProgress {
  std::set<std::string> received;  ///< keys of the asset
  dag::MappedPartition mapped;
  bool is_enough() const { return !mapped.needs || mapped.needs->are_met(received); }
};

/// A partition of a DAG that waits for changes of assets.
struct PendingPartition {
  std::int64_t id = 0;
  std::string key;
  std::optional<Time> carried_date;
  bool is_touched = false;  ///< the next tick looks whether it has all
  std::map<dag::AssetKey, PartitionProgress> assets;
};

/// A change that counts for a partition of a DAG.
struct PartitionArrival {
  std::string dag_id;
  std::int64_t partition = 0;
  bool is_new = false;  ///< the first one for it
  std::string source_key;
  std::optional<Time> carried_date;  ///< of the partition, from now on
  dag::MappedPartition mapped;
};

}  // namespace leoflow::scheduler
