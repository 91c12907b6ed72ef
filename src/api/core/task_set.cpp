#include "api/core/task_set.hpp"

#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/select.hpp"

namespace leoflow::api {

namespace {

constexpr std::size_t kRowsPerQuery = 200;

void filter_ids(Select& select, const TaskScope& scope) {
  if (!scope.task_ids) return;
  std::string condition;
  store::Params params;
  if (!scope.task_ids->empty()) {
    for (const std::string& id : *scope.task_ids) {
      condition += condition.empty() ? "t.task_id IN (?" : ", ?";
      params.emplace_back(id);
    }
    condition += ")";
  }
  for (const auto& [id, index] : scope.mapped) {
    condition += std::string(condition.empty() ? "" : " OR ") + "(t.task_id = ? AND t.map_index = ?)";
    params.emplace_back(id);
    params.emplace_back(index);
  }
  select.where_list(condition.empty() ? "1 = 0" : "(" + condition + ")", params);
}

}  // namespace

std::vector<gen::TaskInstanceResponse> select_tasks(store::Session& session, const TaskScope& scope) {
  Select select(kTaskColumns, kTaskTables);
  select.where("t.dag_id = ?", {scope.dag_id});
  if (scope.run_id) select.where("t.run_id = ?", {*scope.run_id});
  if (scope.first_logical_date) select.where("r.logical_date >= ?", {*scope.first_logical_date});
  if (scope.last_logical_date) select.where("r.logical_date <= ?", {*scope.last_logical_date});
  filter_ids(select, scope);
  select.in("t.state", scope.states);
  if (!scope.other_than_state.empty()) {
    select.where("(t.state IS NULL OR t.state <> ?)", {scope.other_than_state});
  }
  std::vector<gen::TaskInstanceResponse> tasks;
  for (const store::Row row : select.order_sql("r.run_after, t.task_id, t.map_index").rows(session)) {
    tasks.push_back(task_from(row));
  }
  return tasks;
}

std::vector<gen::TaskInstanceResponse> read_again(store::Session& session,
                                                  const std::vector<gen::TaskInstanceResponse>& tasks) {
  std::vector<gen::TaskInstanceResponse> found;
  for (std::size_t first = 0; first < tasks.size(); first += kRowsPerQuery) {
    std::string condition;
    store::Params params;
    for (std::size_t i = first; i < std::min(first + kRowsPerQuery, tasks.size()); ++i) {
      condition += std::string(condition.empty() ? "(" : " OR ") +
                   "(t.dag_id = ? AND t.run_id = ? AND t.task_id = ? AND t.map_index = ?)";
      params.emplace_back(tasks[i].dag_id);
      params.emplace_back(tasks[i].dag_run_id);
      params.emplace_back(tasks[i].task_id);
      params.emplace_back(tasks[i].map_index);
    }
    Select select(kTaskColumns, kTaskTables);
    select.where_list(condition + ")", params).order_sql("r.run_after, t.task_id, t.map_index");
    for (const store::Row row : select.rows(session)) found.push_back(task_from(row));
  }
  return found;
}

std::vector<engine::TaskKey> keys_of(const std::vector<gen::TaskInstanceResponse>& tasks) {
  std::vector<engine::TaskKey> keys;
  for (const auto& task : tasks)
    keys.push_back({task.dag_run_id, task.task_id, static_cast<int>(task.map_index)});
  return keys;
}

gen::TaskInstanceCollectionResponse collection_of(Call& call, std::vector<gen::TaskInstanceResponse> tasks) {
  show_definitions(call, tasks);
  gen::TaskInstanceCollectionResponse list;
  list.total_entries = static_cast<std::int64_t>(tasks.size());
  list.task_instances = std::move(tasks);
  return list;
}

void report(gen::BulkActionResponse& result, std::string key, const Result<void>& done, bool skip_missing) {
  if (done) {
    result.success.push_back(std::move(key));
  } else if (!(skip_missing && done.error().code == ErrorCode::not_found)) {
    result.errors.push_back(
        json::object{{"error", done.error().message}, {"status_code", refusal(done.error()).status}});
  }
}

}  // namespace leoflow::api
