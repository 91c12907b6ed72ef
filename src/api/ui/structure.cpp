#include <fmt/core.h>
#include <set>

#include "api/core/dag_rows.hpp"
#include "api/core/grid_nodes.hpp"
#include "api/resources.hpp"
#include "api/ui/structure_assets.hpp"

namespace leoflow::api {

namespace {

gen::NodeResponse task_node(const TaskView& task, bool group_is_mapped) {
  gen::NodeResponse node;
  node.id = task.task_id;
  node.label = task.label;
  node.type = "task";
  node.operator_ = task.operator_name;
  if (task.is_setup) node.setup_teardown_type = "setup";
  if (task.is_teardown) node.setup_teardown_type = "teardown";
  if (task.is_mapped || group_is_mapped) node.is_mapped = true;
  return node;
}

gen::NodeResponse join_node(std::string id) {
  gen::NodeResponse node;
  node.id = std::move(id);
  node.type = "join";
  return node;
}

std::vector<gen::NodeResponse> nodes_in(const DagView& dag, const GroupView& group, bool mapped,
                                        const TaskSet& keep) {
  std::vector<gen::NodeResponse> nodes;
  for (const auto& child : dag.sorted_children(group)) {
    if (!child.is_group) {
      const TaskView* task = dag.find_task(child.id);
      if (task != nullptr && (keep.empty() || keep.contains(child.id)))
        nodes.push_back(task_node(*task, mapped));
      continue;
    }
    const GroupView* inner = dag.find_group(child.id);
    if (inner == nullptr) continue;
    auto below = nodes_in(dag, *inner, mapped || inner->is_mapped, keep);
    if (below.empty() && !keep.empty()) continue;
    if (!inner->upstream_groups.empty() || !inner->upstream_tasks.empty()) {
      below.push_back(join_node(inner->upstream_join()));
    }
    if (!inner->downstream_groups.empty() || !inner->downstream_tasks.empty()) {
      below.push_back(join_node(inner->downstream_join()));
    }
    gen::NodeResponse node;
    node.id = inner->group_id;
    node.label = inner->label;
    node.type = "task";
    node.tooltip = inner->tooltip;
    node.is_mapped = inner->is_mapped;
    node.children = std::move(below);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

using Edges = std::set<std::pair<std::string, std::string>>;

/// Edges between groups go through join nodes instead of from each task to each.
class EdgeCollector {
 public:
  explicit EdgeCollector(const DagView& dag) : dag_(dag) {}

  Edges collect() {
    for (const TaskView& task : dag_.tasks()) {
      for (const std::string& below : task.downstream) edges_.emplace(task.task_id, below);
    }
    walk(dag_.root());
    for (const auto& edge : skipped_) edges_.erase(edge);
    return edges_;
  }

 private:
  void walk(const GroupView& group) {
    for (const std::string& id : group.downstream_groups) {
      if (const GroupView* target = dag_.find_group(id)) join_groups(group, *target);
    }
    for (const std::string& target : group.downstream_tasks) {
      edges_.emplace(group.downstream_join(), target);
      for (const std::string& leaf : dag_.leaves_of(group)) {
        edges_.emplace(leaf, group.downstream_join());
        skipped_.emplace(leaf, target);
      }
    }
    for (const std::string& source : group.upstream_tasks) {
      edges_.emplace(source, group.upstream_join());
      for (const std::string& root : dag_.roots_of(group)) {
        edges_.emplace(group.upstream_join(), root);
        skipped_.emplace(source, root);
      }
    }
    for (const auto& child : group.children) {
      const GroupView* inner = child.is_group ? dag_.find_group(child.id) : nullptr;
      if (inner != nullptr) walk(*inner);
    }
  }

  void join_groups(const GroupView& from, const GroupView& to) {
    edges_.emplace(from.downstream_join(), to.upstream_join());
    const auto roots = dag_.roots_of(to);
    for (const std::string& leaf : dag_.leaves_of(from)) {
      edges_.emplace(leaf, from.downstream_join());
      for (const std::string& root : roots) skipped_.emplace(leaf, root);
      skipped_.emplace(leaf, to.upstream_join());
    }
    for (const std::string& root : roots) {
      edges_.emplace(to.upstream_join(), root);
      skipped_.emplace(from.downstream_join(), root);
    }
  }

  const DagView& dag_;
  Edges edges_;
  Edges skipped_;
};

void collect_ids(const std::vector<gen::NodeResponse>& nodes, TaskSet& ids) {
  for (const auto& node : nodes) {
    ids.insert(node.id);
    if (node.children) collect_ids(*node.children, ids);
  }
}

std::vector<gen::EdgeResponse> edges_between(const DagView& dag,
                                             const std::vector<gen::NodeResponse>& nodes) {
  TaskSet shown;
  collect_ids(nodes, shown);
  const json::value* info = find(dag.dag(), "edge_info");
  std::vector<gen::EdgeResponse> edges;
  for (const auto& [source, target] : EdgeCollector(dag).collect()) {
    if (!shown.contains(source) || !shown.contains(target)) continue;
    auto& edge = edges.emplace_back();
    edge.source_id = source;
    edge.target_id = target;
    const TaskView* from = dag.find_task(source);
    const TaskView* to = dag.find_task(target);
    if (from != nullptr && to != nullptr && from->is_setup && to->is_teardown) edge.is_setup_teardown = true;
    const json::value* below = info == nullptr ? nullptr : find(*info, source);
    const json::value* one = below == nullptr ? nullptr : find(*below, target);
    if (one != nullptr) edge.label = find_text(plain(*one), "label");
  }
  return edges;
}

Result<Answer> structure_data(Call& call, const gen::StructureDataParams& params) {
  const auto dag = params.version_number
                       ? call.api.dags.by_number(call.db(), params.dag_id, *params.version_number)
                       : call.api.dags.current(call.db(), params.dag_id);
  if (!dag) {
    return fail(ErrorCode::not_found, params.version_number
                                          ? fmt::format("Dag with id {} and version number {} was not found",
                                                        params.dag_id, *params.version_number)
                                          : fmt::format("Dag with id {} was not found", params.dag_id));
  }
  const TaskSet keep =
      narrowed(*dag, params.root, params.include_upstream, params.include_downstream, params.depth);
  gen::StructureDataResponse data;
  data.nodes = nodes_in(*dag, dag->root(), false, keep);
  data.edges = edges_between(*dag, data.nodes);
  if (params.external_dependencies) {
    add_external_dependencies(call, params.dag_id, params.version_number, data);
  }
  return ok(data);
}

}  // namespace

void bind_ui_structure(Registry& registry) {
  registry.bind<op::structure_data>(structure_data);
}

}  // namespace leoflow::api
