#include "api/core/dependencies.hpp"

#include <charconv>
#include <fmt/core.h>
#include <set>

#include "api/resources.hpp"
#include "api/ui/data_dependencies.hpp"

namespace leoflow::api {

namespace {

/// All DAGs that have to do with others, and what is between them.
// Source: Airflow 3.3.2, get_scheduling_dependencies.
class SchedulingGraph {
 public:
  void add(const std::string& dag_id, const std::vector<DagDependency>& dependencies) {
    if (!dependencies.empty()) add_node(dag_node(dag_id), dag_id, "dag");
    for (const DagDependency& dependency : dependencies) {
      const std::string node = dependency.node_id();
      add_node(node, dependency.label, dependency.type);
      if (!dependency.is_start()) edges_.emplace(end_node(dependency.source), node);
      if (!dependency.is_end()) edges_.emplace(node, end_node(dependency.target));
    }
  }

  gen::BaseGraphResponse finish() {
    for (const auto& [source, target] : edges_) {
      // A DAG that others trigger or wait for may say nothing of them itself.
      for (const std::string& end : {source, target}) {
        if (end.starts_with(kDag)) add_node(end, end.substr(kDag.size()), "dag");
      }
      graph_.edges.push_back({source, target});
    }
    return std::move(graph_);
  }

 private:
  static constexpr std::string_view kDag = "dag:";
  static std::string dag_node(const std::string& dag_id) { return std::string(kDag) + dag_id; }
  /// An end is a DAG, or an asset or alias under its own prefix.
  static std::string end_node(const std::string& end) {
    return end.find(':') == std::string::npos ? dag_node(end) : end;
  }

  void add_node(const std::string& id, const std::string& label, const std::string& type) {
    if (known_.insert(id).second) graph_.nodes.push_back({id, label, type, std::nullopt});
  }

  gen::BaseGraphResponse graph_;
  std::set<std::string> known_;
  std::set<std::pair<std::string, std::string>> edges_;
};

gen::BaseGraphResponse scheduling_dependencies(Call& call) {
  DagDependencies told;
  const ReadableDags readable(call);
  for (const auto& [dag_id, link] : call.api.links.all(call.db())) {
    if (readable.contains(dag_id)) told[dag_id] = readable_dependencies(link->dependencies, readable);
  }
  SchedulingGraph graph;
  for (const auto& [dag_id, dependencies] : resolve(told, call.db())) graph.add(dag_id, dependencies);
  return graph.finish();
}

/// The ids of all nodes that edges lead to from this one, in either direction; none if it has no edge.
std::set<std::string> connected(const gen::BaseGraphResponse& graph, const std::string& node_id) {
  std::multimap<std::string, std::string> neighbours;
  for (const auto& edge : graph.edges) {
    neighbours.emplace(edge.source_id, edge.target_id);
    neighbours.emplace(edge.target_id, edge.source_id);
  }
  std::set<std::string> found;
  std::vector<std::string> open;
  if (neighbours.contains(node_id)) open.push_back(node_id);
  while (!open.empty()) {
    const std::string next = std::move(open.back());
    open.pop_back();
    if (!found.insert(next).second) continue;
    const auto [first, last] = neighbours.equal_range(next);
    for (auto at = first; at != last; ++at) open.push_back(at->second);
  }
  return found;
}

Result<Answer> answer_with_component(gen::BaseGraphResponse graph, const std::string& node_id) {
  const auto ids = connected(graph, node_id);
  if (ids.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("Unique connected component not found, got [] for connected components of node "
                            "{}, expected only 1 connected component.",
                            node_id));
  }
  std::erase_if(graph.nodes, [&](const auto& node) { return !ids.contains(node.id); });
  std::erase_if(graph.edges, [&](const auto& edge) { return !ids.contains(edge.source_id); });
  return ok(graph);
}

Result<Answer> answer_with_data(Call& call, const std::optional<std::string>& node_id) {
  static constexpr std::string_view kPrefix = "asset:";
  if (!node_id || !node_id->starts_with(kPrefix)) {
    return fail(ErrorCode::invalid, "Data dependencies require an asset node_id (e.g., 'asset:123')");
  }
  const char* const end = node_id->data() + node_id->size();
  std::int64_t asset_id = 0;
  const auto parsed = std::from_chars(node_id->data() + kPrefix.size(), end, asset_id);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return fail(ErrorCode::invalid, fmt::format("Invalid asset node_id: {}", *node_id));
  }
  const auto graph = data_dependencies(call.db(), asset_id);
  if (graph.nodes.empty()) {
    return fail(ErrorCode::not_found, fmt::format("Asset with id {} was not found", asset_id));
  }
  return ok(graph);
}

Result<Answer> get_dependencies(Call& call, const gen::GetDependenciesParams& params) {
  // It is made of assets, which are nobody's own.
  if (params.dependency_type == "data" && call.user.role < auth::Role::viewer)
    return fail(ErrorCode::forbidden, "Forbidden");
  if (params.dependency_type == "data") return answer_with_data(call, params.node_id);
  auto graph = scheduling_dependencies(call);
  if (params.node_id) return answer_with_component(std::move(graph), *params.node_id);
  return ok(graph);
}

}  // namespace

void bind_ui_dependencies(Registry& registry) {
  registry.bind<op::get_dependencies>(get_dependencies);
}

}  // namespace leoflow::api
