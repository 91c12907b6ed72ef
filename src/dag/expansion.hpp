#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

/// Dynamic task mapping: how many instances a mapped task or task group has.
namespace leoflow::dag {

struct Dag;

/// Position of a task in its Dag, and of a mapped task group among the Dag's.
using TaskIndex = std::uint32_t;
using GroupIndex = std::uint32_t;

/// The number of items that one argument of expand() has.
struct MapLength {
  enum class Kind : std::uint8_t {
    literal,  ///< `count`, known when the DAG is parsed
    xcom,     ///< of what `task` returns
    zip,      ///< the shortest of `parts`
    zip_longest,
    concat,  ///< the sum of `parts`
  };
  Kind kind = Kind::literal;
  std::uint32_t count = 0;
  TaskIndex task = 0;
  std::vector<MapLength> parts;
};

/// What expand() or expand_kwargs() was given: one instance for each combination
/// of the arguments' items.
struct Expansion {
  std::vector<MapLength> arguments;
  std::vector<TaskIndex> sources;  ///< tasks whose XComs it maps over
};

/// A task group that was expanded as a whole.
struct MappedGroup {
  std::string group_id;
  std::optional<GroupIndex> parent;  ///< the next mapped group around it
  Expansion expansion;
};

/// Reads a serialized expand input: {"type": ..., "value": ...}.
/// Errors: invalid (unknown type, an XCom of an unknown task).
Result<Expansion> read_expansion(const json::value& input, const Dag& dag);

/// The innermost mapped group that two tasks share.
std::optional<GroupIndex> common_group(const Dag& dag, TaskIndex a, TaskIndex b);
/// Whether a task has more than one instance for one of `group`.
bool is_mapped_inside(const Dag& dag, TaskIndex task, GroupIndex group);

}  // namespace leoflow::dag
