#include "dag/expansion.hpp"

#include <algorithm>

#include "dag/dag.hpp"

namespace leoflow::dag {

std::optional<GroupIndex> common_group(const Dag& dag, TaskIndex a, TaskIndex b) {
  for (auto mine = dag.tasks[a].mapped_group; mine; mine = dag.mapped_groups[*mine].parent) {
    for (auto other = dag.tasks[b].mapped_group; other; other = dag.mapped_groups[*other].parent) {
      if (mine == other) return mine;
    }
  }
  return std::nullopt;
}

bool is_mapped_inside(const Dag& dag, TaskIndex task, GroupIndex group) {
  return dag.tasks[task].expansion.has_value() || dag.tasks[task].mapped_group != group;
}

}  // namespace leoflow::dag
