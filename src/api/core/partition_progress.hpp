#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/core/call.hpp"
#include "dag/partition_mapper.hpp"

/// How far partitions of DAGs are, for the pages that show it.
/// Source: Airflow 3.3.2, core_api/routes/ui/partitioned_dag_runs.py and assets.py.
namespace leoflow::api {

struct StoredPartition {
  std::int64_t id = 0;
  std::string dag_id;
  std::string key;
  Time created_at;
  Time updated_at;
  std::optional<std::string> run_id;
  std::optional<std::string> run_state;
};

/// Columns and tables for partition_from(): dag_partition p, dag_run r.
extern const std::string_view kPartitionColumns;
extern const std::string_view kPartitionTables;
StoredPartition partition_from(store::Row row);

/// What one asset has of a partition.
struct AssetProgress {
  std::int64_t asset_id = 0;
  dag::AssetKey asset;
  bool is_active = true;
  std::set<std::string> received;
  std::vector<std::string> required;  ///< the partition's own key, unless it is a rollup
  bool is_rollup = false;
  bool is_broken = false;  ///< its mapper cannot say what it needs

  std::int64_t required_count() const {
    return is_broken ? 1 : static_cast<std::int64_t>(required.size());
  }
  /// Of those that count.
  std::int64_t received_count() const;
};

/// Reads the progress of all partitions in a fixed number of queries.
class PartitionProgress {
 public:
  PartitionProgress(Call& call, const std::vector<StoredPartition>& partitions);
  /// Of each asset that the DAG's schedule names, by URI.
  std::vector<AssetProgress> of(const StoredPartition& partition) const;

 private:
  struct Declared {
    std::vector<AssetProgress> assets;  ///< without progress
    std::shared_ptr<const dag::Timetable> timetable;
  };
  void load_assets(Call& call, const std::set<std::string>& dag_ids);
  void load_received(Call& call, const std::vector<StoredPartition>& partitions);

  std::map<std::string, Declared> dags_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::set<std::string>> received_;  ///< by partition and asset
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::string>> needed_;
};

}  // namespace leoflow::api
