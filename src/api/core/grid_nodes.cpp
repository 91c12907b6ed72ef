#include "api/core/grid_nodes.hpp"

#include <algorithm>

namespace leoflow::api {

namespace {

gen::GridNodeResponse grid_node_of(const TaskView& task, bool group_is_mapped) {
  gen::GridNodeResponse node;
  node.id = task.task_id;
  node.label = task.label;
  if (task.is_mapped || group_is_mapped) node.is_mapped = true;
  if (task.is_setup) node.setup_teardown_type = "setup";
  if (task.is_teardown) node.setup_teardown_type = "teardown";
  return node;
}

std::vector<gen::GridNodeResponse> children_of(const DagView& dag, const GroupView& group, bool mapped,
                                               const TaskSet& keep) {
  std::vector<gen::GridNodeResponse> nodes;
  for (const auto& child : dag.sorted_children(group)) {
    if (!child.is_group) {
      const TaskView* task = dag.find_task(child.id);
      if (task != nullptr && (keep.empty() || keep.contains(child.id)))
        nodes.push_back(grid_node_of(*task, mapped));
      continue;
    }
    const GroupView* inner = dag.find_group(child.id);
    if (inner == nullptr) continue;
    auto below = children_of(dag, *inner, mapped || inner->is_mapped, keep);
    if (below.empty() && !keep.empty()) continue;
    gen::GridNodeResponse node;
    node.id = inner->group_id;
    node.label = inner->label;
    if (inner->is_mapped) node.is_mapped = true;
    if (!below.empty()) node.children = std::move(below);
    node.doc_md = inner->doc_md;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace

std::vector<gen::GridNodeResponse> grid_nodes(const DagView& dag, const TaskSet& keep) {
  return children_of(dag, dag.root(), false, keep);
}

void merge_grid_nodes(std::vector<gen::GridNodeResponse>& nodes,
                      const std::vector<gen::GridNodeResponse>& others) {
  for (const gen::GridNodeResponse& other : others) {
    const auto known =
        std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.id == other.id; });
    if (known == nodes.end()) {
      nodes.push_back(other);
    } else if (known->children && other.children) {
      merge_grid_nodes(*known->children, *other.children);
    }
  }
}

TaskSet narrowed(const DagView& dag, const std::optional<std::string>& root, bool upstream, bool downstream,
                 std::optional<std::int64_t> depth) {
  if (!root || root->empty()) return {};
  TaskSet start;
  if (dag.find_task(*root) != nullptr) {
    start.insert(*root);
  } else if (const GroupView* group = dag.find_group(*root)) {
    start = dag.tasks_in(*group);
  }
  TaskSet keep = start;
  if (upstream) keep.merge(dag.relatives(start, true, depth));
  if (downstream) keep.merge(dag.relatives(start, false, depth));
  return keep;
}

}  // namespace leoflow::api
