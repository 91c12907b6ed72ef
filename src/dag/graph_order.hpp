#pragma once

#include <string>
#include <vector>

#include "dag/dag.hpp"

namespace leoflow::dag {

/// Task ids of one cycle, the first repeated at the end; empty if there is none.
std::vector<std::string> find_cycle(const Dag& dag);

/// Tasks so that each comes after its upstream ones. The graph has no cycle.
std::vector<TaskIndex> topological_order(const Dag& dag);

/// Replaces each task's own priority by its effective one: the sum over itself
/// and all its relatives on the side that its rule names.
void weigh(Dag& dag, const std::vector<WeightRule>& rules);

}  // namespace leoflow::dag
