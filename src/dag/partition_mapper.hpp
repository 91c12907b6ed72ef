#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dag/assets.hpp"
#include "dag/time_format.hpp"

/// Which partition of a DAG a partition of an asset belongs to.
/// Source: Airflow 3.3.2, airflow/partition_mappers.
namespace leoflow::dag {

/// What a key means: a time, or just itself.
using DecodedKey = std::variant<std::string, SpelledTime>;

/// The keys of an asset that a partition of a DAG waits for.
struct PartitionNeeds {
  std::vector<std::string> keys;  ///< in order, without repetition
  std::optional<int> minimum;     ///< so many are enough; below 0: so many may be missing; absent: all
  bool are_met(const std::set<std::string>& received) const;
};

/// One partition that an asset event is for.
struct MappedPartition {
  std::string key;
  bool is_temporal = false;  ///< the key tells the partition's date; unless it turned out not to
  std::optional<Time> date;
  std::optional<PartitionNeeds> needs;  ///< absent: any event will do
};

class PartitionMapper {
 public:
  virtual ~PartitionMapper() = default;

  /// Errors: invalid, if the key is not one that it maps.
  virtual Result<std::vector<std::string>> to_downstream(const std::string& key) const = 0;
  virtual Result<DecodedKey> decode_downstream(const std::string& key) const { return DecodedKey(key); }
  /// Errors: invalid, for something that is not of its kind.
  virtual Result<std::string> encode_upstream(const DecodedKey& decoded) const;
  /// Of a partition of the DAG. Absent if its keys are no times.
  virtual Result<std::optional<Time>> to_partition_date(const std::string&) const { return std::nullopt; }
  /// As a key of the DAG's partitions.
  virtual std::string format(const DecodedKey& decoded) const;
  virtual Result<std::optional<PartitionNeeds>> needs_of(const std::string&) const { return std::nullopt; }
  virtual bool is_rollup() const { return false; }
  /// The DAG's partition has the date of the producer's.
  virtual bool carries_date() const { return false; }
  /// Its JSON, if only Python can evaluate it; none of the above may be called then.
  virtual const json::value* python() const { return nullptr; }

  std::optional<int> max_downstream_keys;
};

using PartitionMapperPtr = std::shared_ptr<const PartitionMapper>;

/// Reads `{"__type": "airflow.partition_mappers...", "__var": {...}}`. What is not built
/// in, or has a part that is not, is one that Python evaluates.
/// Errors: invalid.
Result<PartitionMapperPtr> read_partition_mapper(const json::value& encoded);

/// All partitions that an event of `key` is for. Errors: invalid.
Result<std::vector<MappedPartition>> map_partition(const PartitionMapper& mapper, const std::string& key);

/// How a DAG that is scheduled by partitions maps those of its assets.
struct Partitioning {
  PartitionMapperPtr fallback;
  std::map<std::string, PartitionMapperPtr> by_name;
  std::map<std::string, PartitionMapperPtr> by_uri;
  std::string definition;  ///< JSON; what waits is dropped when it changes

  const PartitionMapper& mapper_of(const AssetKey& asset) const;
};

/// Reads the fields of a PartitionedAssetTimetable. Errors: invalid.
Result<Partitioning> read_partitioning(const json::value& fields);

}  // namespace leoflow::dag
