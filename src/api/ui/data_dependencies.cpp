#include "api/ui/data_dependencies.hpp"

#include <fmt/core.h>
#include <map>
#include <set>

#include "api/core/dag_rows.hpp"

// Source: Airflow 3.3.2, get_data_dependencies.
namespace leoflow::api {

namespace {

using Task = std::pair<std::string, std::string>;

/// Walks step by step away from one asset; a step is two queries, whatever its width.
class DataWalk {
 public:
  explicit DataWalk(store::Session& session) : session_(session) {}

  gen::BaseGraphResponse from(std::int64_t asset_id) {
    std::set<std::int64_t> step{asset_id};
    while (!step.empty()) {
      add_assets(step);
      const std::map<Task, bool> tasks = add_tasks(step);
      seen_.merge(step);
      step = tasks.empty() ? std::set<std::int64_t>{} : assets_beyond(tasks);
    }
    for (const auto& [source, target] : edges_) graph_.edges.push_back({source, target});
    return std::move(graph_);
  }

 private:
  void add_assets(const std::set<std::int64_t>& ids) {
    for (const store::Row row : query_about(ids, "SELECT a.id, a.name FROM asset a")) {
      graph_.nodes.push_back({asset_node(row.integer(0)), row.text(1), "asset", std::nullopt});
    }
  }

  /// @returns the tasks not met before, and whether they make one of the assets.
  std::map<Task, bool> add_tasks(const std::set<std::int64_t>& ids) {
    std::map<Task, bool> fresh;
    for (const store::Row row :
         query_about(ids,
                     "SELECT a.id, u.dag_id, u.task_id, u.is_outlet FROM asset a JOIN task_asset u ON "
                     "u.kind = 'asset' AND u.name = a.name AND u.uri = a.uri",
                     "u.is_outlet DESC, u.dag_id, u.task_id")) {
      const Task task{row.text(1), row.text(2)};
      const std::string node = "task:" + task.first + "__SEPARATOR__" + task.second;
      if (tasks_.insert(task).second) {
        fresh[task] = row.boolean(3);
        graph_.nodes.push_back({node, task.first + "." + task.second, "task", std::nullopt});
      }
      const std::string asset = asset_node(row.integer(0));
      row.boolean(3) ? edges_.emplace(node, asset) : edges_.emplace(asset, node);
    }
    return fresh;
  }

  /// Behind a task that makes the asset are its inlets, behind one that reads it its outlets.
  std::set<std::int64_t> assets_beyond(const std::map<Task, bool>& tasks) {
    std::set<std::string> dags;
    for (const auto& [task, makes] : tasks) dags.insert(task.first);
    const store::Params ids(dags.begin(), dags.end());
    std::set<std::int64_t> beyond;
    for (const store::Row row : session_.query(
             fmt::format("SELECT a.id, u.dag_id, u.task_id, u.is_outlet FROM task_asset u JOIN asset a ON "
                         "a.name = u.name AND a.uri = u.uri WHERE u.kind = 'asset' AND u.dag_id IN ({})",
                         placeholders(ids.size())),
             ids)) {
      const auto task = tasks.find({row.text(1), row.text(2)});
      if (task == tasks.end() || task->second == row.boolean(3)) continue;
      if (!seen_.contains(row.integer(0))) beyond.insert(row.integer(0));
    }
    return beyond;
  }

  store::Rows query_about(const std::set<std::int64_t>& ids, std::string_view sql,
                          std::string_view order = "a.id") {
    const store::Params params(ids.begin(), ids.end());
    return session_.query(
        fmt::format("{} WHERE a.id IN ({}) ORDER BY {}", sql, placeholders(params.size()), order), params);
  }

  static std::string asset_node(std::int64_t id) { return "asset:" + std::to_string(id); }

  store::Session& session_;
  std::set<std::int64_t> seen_;
  std::set<Task> tasks_;
  std::set<std::pair<std::string, std::string>> edges_;
  gen::BaseGraphResponse graph_;
};

}  // namespace

gen::BaseGraphResponse data_dependencies(store::Session& session, std::int64_t asset_id) {
  return DataWalk(session).from(asset_id);
}

}  // namespace leoflow::api
