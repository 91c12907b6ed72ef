#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/call.hpp"
#include "api/core/dag_view.hpp"
#include "api/core/select.hpp"

/// Which runs of a DAG a request means by their partitions.
namespace leoflow::api {

struct PartitionScope {
  std::optional<std::string> key;
  std::optional<Time> first;  ///< on the clock of the DAG's timetable, like `last`; both are within
  std::optional<Time> last;

  bool has_window() const { return first || last; }
};

template <typename Body>
PartitionScope partition_scope(const Body& body) {
  return {body.partition_key, body.partition_date_start, body.partition_date_end};
}

/// The answer to a body that selects runs in no way, or in several.
/// @param other  whether it uses the way that is not by partitions, `other_name`.
std::optional<Answer> refuse_partition_scope(const Call& call, const PartitionScope& scope, bool other,
                                             std::string_view other_name);

/// Narrows a list of dag_run r, in the order of the partitions.
/// @param dag  the newest version, whose timetable tells the time.
void select_partitions(Select& select, const PartitionScope& scope, const DagView& dag);

}  // namespace leoflow::api
