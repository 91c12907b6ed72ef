#include "api/ui/structure_assets.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <iterator>
#include <map>
#include <set>

#include "api/core/dag_rows.hpp"
#include "api/core/dependencies.hpp"
#include "api/ui/upstream_assets.hpp"

// Source: Airflow 3.3.2, structure_data and bind_output_assets_to_tasks.
namespace leoflow::api {

namespace {

using Tasks = std::map<std::string, std::set<std::string>>;  // by asset node

void collect_tasks(const std::vector<gen::NodeResponse>& nodes, std::set<std::string>& ids) {
  for (const auto& node : nodes) {
    ids.insert(node.id);
    if (node.children) collect_tasks(*node.children, ids);
  }
}

/// Which tasks have the assets among their outlets.
Tasks makers(Call& call, const std::string& dag_id) {
  Tasks tasks;
  for (const store::Row row :
       call.query("SELECT a.id, u.task_id FROM task_asset u JOIN asset a ON a.name = u.name AND a.uri = "
                  "u.uri WHERE u.dag_id = $1 AND u.is_outlet = 1 AND u.kind = 'asset'",
                  {dag_id})) {
    tasks["asset:" + std::to_string(row.integer(0))].insert(row.text(1));
  }
  return tasks;
}

/// Which tasks of that version put assets on an alias.
Tasks makers_by_alias(Call& call, const std::string& dag_id, std::optional<std::int64_t> version_number,
                      const std::set<std::string>& aliases) {
  if (aliases.empty()) return {};
  store::Params params{dag_id, version_number};
  params.insert(params.end(), aliases.begin(), aliases.end());
  Tasks tasks;
  for (const store::Row row : call.db().query(
           fmt::format(
               "SELECT DISTINCT e.asset_id, e.source_task_id FROM asset_alias l "
               "JOIN asset_event_alias x ON x.alias_id = l.id JOIN asset_event e ON e.id = x.event_id "
               "JOIN dag_run r ON r.dag_id = e.source_dag_id AND r.run_id = e.source_run_id "
               "WHERE e.source_dag_id = $1 AND r.dag_version_id = (SELECT v.id FROM dag_version v "
               "WHERE v.dag_id = $1 AND v.version_number = COALESCE(CAST($2 AS BIGINT), "
               "(SELECT MAX(version_number) FROM dag_version WHERE dag_id = $1))) AND l.name IN ({})",
               placeholders(aliases.size(), 3)),
           params)) {
    tasks["asset:" + std::to_string(row.integer(0))].insert(row.text(1));
  }
  return tasks;
}

/// The dependencies that the DAG takes part in.
DagDependencies dependencies_about(Call& call, const std::string& dag_id) {
  DagDependencies about;
  const ReadableDags readable(call);
  for (const auto& [other, link] : call.api.links.all(call.db())) {
    if (!readable.contains(other)) continue;
    for (const DagDependency& dependency : readable_dependencies(link->dependencies, readable)) {
      if (other == dag_id || dependency.target == dag_id) about[other].push_back(dependency);
    }
  }
  return resolve(about, call.db());
}

/// Whether the schedule's condition shows it, with all that is around it.
bool is_upstream_asset(const DagDependency& dependency) {
  return !dependency.is_end() && dependency.type.starts_with("asset");
}

class ExternalGraph {
 public:
  explicit ExternalGraph(gen::StructureDataResponse& data)
      : data_(data), entry_(data.nodes.front().id), exit_(data.nodes.back().id) {
    collect_tasks(data.nodes, shown_);
  }

  const std::string& entry() const { return entry_; }

  void add_start(const DagDependency& dependency) {
    add_edge(starts_, dependency.node_id(), entry_);
    add_node(dependency);
  }

  /// From the tasks that make it, as far as they are shown; from the end of the graph if none is known.
  void add_end(const DagDependency& dependency, const Tasks& tasks) {
    const std::string node = dependency.node_id();
    const auto found = tasks.find(node);
    bool any = found == tasks.end();
    if (any) add_edge(ends_, exit_, node);
    for (const std::string& task : any ? std::set<std::string>{} : found->second) {
      if (!shown_.contains(task)) continue;
      add_edge(ends_, task, node);
      any = true;
    }
    if (any) add_node(dependency);
  }

  /// The edges come last, those to the start of the graph first.
  void add_edges() {
    for (auto* edges : {&starts_, &ends_}) std::ranges::move(*edges, std::back_inserter(data_.edges));
  }

 private:
  using Edges = decltype(gen::StructureDataResponse::edges);

  void add_edge(Edges& edges, const std::string& source, const std::string& target) {
    if (!edges_.emplace(source, target).second) return;
    auto& edge = edges.emplace_back();
    edge.source_id = source;
    edge.target_id = target;
  }

  void add_node(const DagDependency& dependency) {
    if (!nodes_.insert(dependency.node_id()).second) return;
    auto& node = data_.nodes.emplace_back();
    node.id = dependency.node_id();
    node.label = dependency.label;
    node.type = dependency.type;
  }

  gen::StructureDataResponse& data_;
  const std::string entry_;
  const std::string exit_;
  std::set<std::string> shown_;
  std::set<std::string> nodes_;
  std::set<std::pair<std::string, std::string>> edges_;
  Edges starts_;
  Edges ends_;
};

void add_upstream(Call& call, const std::string& dag_id, const std::string& entry,
                  gen::StructureDataResponse& data) {
  const DagLinkMap links = call.api.links.of(call.db(), std::span(&dag_id, 1));
  if (links.empty() || !links.begin()->second->condition) return;
  const dag::AssetCondition& condition = *links.begin()->second->condition;
  AssetIndex assets;
  assets.want(condition);
  assets.load(call.db());
  add_upstream_assets(condition, assets, entry, data);
}

}  // namespace

void add_external_dependencies(Call& call, const std::string& dag_id,
                               std::optional<std::int64_t> version_number, gen::StructureDataResponse& data) {
  if (data.nodes.empty()) return;
  static const std::string kAlias = "asset-alias:";
  const DagDependencies about = dependencies_about(call, dag_id);
  std::set<std::string> aliases;
  for (const auto& [other, dependencies] : about) {
    for (const DagDependency& dependency : dependencies) {
      if (dependency.source.starts_with(kAlias)) aliases.insert(dependency.source.substr(kAlias.size()));
    }
  }
  const Tasks direct = makers(call, dag_id);
  const Tasks by_alias = makers_by_alias(call, dag_id, version_number, aliases);
  ExternalGraph graph(data);
  for (const auto& [other, dependencies] : about) {
    for (const DagDependency& dependency : dependencies) {
      if (is_upstream_asset(dependency)) continue;
      if (dependency.is_start() || dependency.target == dag_id) {
        graph.add_start(dependency);
      } else {
        graph.add_end(dependency, dependency.source.starts_with(kAlias) ? by_alias : direct);
      }
    }
  }
  add_upstream(call, dag_id, graph.entry(), data);
  graph.add_edges();
}

}  // namespace leoflow::api
