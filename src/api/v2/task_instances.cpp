#include <fmt/core.h>
#include <span>

#include "api/core/dag_access.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/long_list.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/state_filters.hpp"
#include "api/core/task_definitions.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kTaskDuration = "((t.end_date - t.start_date) / 1000000.0)";
// Rows from before there was a name have only one for both.
constexpr std::string_view kOperatorName = "COALESCE(t.operator_name, t.operator)";
constexpr std::string_view kMapLabel =
    "COALESCE(t.rendered_map_index, CASE WHEN t.map_index >= 0 THEN CAST(t.map_index AS TEXT) END)";
// Those without a label of their own come after the others, by number: 2 before 10.
constexpr std::string_view kMapOrder =
    "CASE WHEN t.rendered_map_index IS NOT NULL THEN '0' || t.rendered_map_index ELSE '1' || "
    "SUBSTR('0000000000' || CAST(t.map_index + 1 AS TEXT), LENGTH(CAST(t.map_index + 1 AS TEXT)) + 1) END";
constexpr OrderKey kTaskOrder[] = {{"id", "t.id", Holds::text, true},
                                   {"state", "t.state"},
                                   {"duration", "(t.end_date - t.start_date)", Holds::number},
                                   {"start_date", "t.start_date", Holds::number},
                                   {"end_date", "t.end_date", Holds::number},
                                   {"map_index", "t.map_index", Holds::number, true},
                                   {"try_number", "t.try_number", Holds::number, true},
                                   {"logical_date", "r.logical_date", Holds::number},
                                   {"run_after", "r.run_after", Holds::number, true},
                                   {"data_interval_start", "r.data_interval_start", Holds::number},
                                   {"data_interval_end", "r.data_interval_end", Holds::number},
                                   {"rendered_map_index", kMapOrder, Holds::text, true},
                                   {"operator", "t.operator", Holds::text, true}};

// A batch knows the first of them only.
constexpr std::span<const OrderKey> kBatchOrder = std::span(kTaskOrder).first(6);

template <typename Params>
void filter_task_times(Select& select, const Params& params, Time now) {
  select.range("r.run_after", LEOFLOW_RANGE(params, run_after));
  select.range("r.logical_date", LEOFLOW_RANGE(params, logical_date));
  select.open_range("t.start_date", LEOFLOW_RANGE(params, start_date), now);
  select.open_range("t.end_date", LEOFLOW_RANGE(params, end_date), now);
  select.range(kTaskDuration, LEOFLOW_RANGE(params, duration));
}

// The filters that the list and the list of one task's map indexes share.
template <typename Params>
Result<void> filter_tasks(Select& select, const Params& params, Time now) {
  filter_task_times(select, params, now);
  select.range("t.updated_at", LEOFLOW_RANGE(params, updated_at));
  if (auto fine = filter_task_states(select, params.state); !fine) return fine;
  select.in("t.pool", params.pool).in("t.queue", params.queue).in("t.executor", params.executor);
  select.pattern("t.pool", params.pool_name_pattern).prefix("t.pool", params.pool_name_prefix_pattern);
  select.pattern("t.queue", params.queue_name_pattern).prefix("t.queue", params.queue_name_prefix_pattern);
  select.in("v.version_number", params.version_number).in("t.try_number", params.try_number);
  select.in("t.operator", params.operator_);
  select.pattern(kOperatorName, params.operator_name_pattern)
      .prefix(kOperatorName, params.operator_name_prefix_pattern);
  select.in("t.map_index", params.map_index);
  select.pattern(kMapLabel, params.rendered_map_index_pattern);
  select.prefix(kMapLabel, params.rendered_map_index_prefix_pattern);
  return {};
}

Result<Answer> list_tasks(Call& call, Select& where, const std::vector<std::string>& order_by,
                          std::span<const OrderKey> keys, const PageRequest& page) {
  only_readable(where, call, "t.dag_id");
  const LongList tasks{kTaskColumns,
                       kTaskTables,
                       {"", "t.id", Holds::text, true},
                       keys,
                       "SELECT CAST(COALESCE(SUM(task_instance_count), 0) AS BIGINT) FROM dag"};
  const auto found = read_page(call.db(), tasks, where, order_by, page);
  if (!found) return std::unexpected(found.error());
  gen::TaskInstanceCollectionResponse list;
  found->describe(list);
  found->each([&](store::Row row) { list.task_instances.push_back(task_from(row)); });
  show_definitions(call, list.task_instances);
  return ok(list);
}

/// @returns whether there is such a group, or none was asked for.
bool filter_group(Call& call, Select& select, const std::string& dag_id,
                  const std::optional<std::string>& group_id) {
  if (!group_id) return true;
  const auto dag = call.api.dags.current(call.db(), dag_id);
  const GroupView* group = dag ? dag->find_group(*group_id) : nullptr;
  if (group == nullptr) return false;
  const TaskSet ids = dag->tasks_in(*group);
  select.in("t.task_id", std::vector<std::string>(ids.begin(), ids.end()));
  return true;
}

Answer no_group(const std::string& group_id) {
  Answer answer;
  answer.status = 404;
  answer.body = json::serialize(
      json::object{{"detail", json::object{{"reason", "not_found"},
                                           {"message", fmt::format("Task group {} not found", group_id)}}}});
  return answer;
}

void search_by_name(Select& select, const gen::GetTaskInstancesParams& params) {
  const auto find = [&](std::string_view column, const std::optional<std::string>& start) {
    if (start) select.prefix(column, start).indexed(column);
  };
  find("t.task_display_name", params.task_display_name_prefix_pattern);
  find("t.dag_id", params.dag_id_prefix_pattern);
}

Result<Answer> get_task_instances(Call& call, const gen::GetTaskInstancesParams& params) {
  if (params.dag_id != "~" && params.dag_run_id != "~") {
    if (!require_run(call.db(), params.dag_id, params.dag_run_id)) {
      return fail(ErrorCode::not_found, fmt::format("DagRun with dag_id: `{}` and run_id: `{}` was not found",
                                                    params.dag_id, params.dag_run_id));
    }
  } else if (params.dag_id != "~") {
    if (auto known = require_dag(call.db(), params.dag_id); !known) return std::unexpected(known.error());
  }
  Select select(kTaskColumns, kTaskTables);
  select.equals("t.dag_id", params.dag_id)
      .equals("t.run_id", params.dag_run_id)
      .equals("t.task_id", params.task_id);
  if (params.dag_id != "~" && params.dag_run_id != "~") select.few();
  if (auto fine = filter_tasks(select, params, call.now()); !fine) return std::unexpected(fine.error());
  select.pattern("t.task_display_name", params.task_display_name_pattern);
  search_by_name(select, params);
  select.dag_pattern("t.dag_id", params.dag_id_pattern);
  select.pattern("t.run_id", params.run_id_pattern).prefix("t.run_id", params.run_id_prefix_pattern);
  if (!filter_group(call, select, params.dag_id, params.task_group_id))
    return no_group(*params.task_group_id);
  return list_tasks(call, select, params.order_by, kTaskOrder, {params.limit, params.offset, params.cursor});
}

Result<void> require_mapped(Call& call, const gen::GetMappedTaskInstancesParams& params) {
  const auto dag = call.api.dags.of_run(call.db(), params.dag_id, params.dag_run_id);
  if (!dag) {
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", params.dag_id));
  }
  const TaskView* task = dag->find_task(params.task_id);
  if (task == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("Task id {} not found", params.task_id));
  }
  bool is_mapped = task->is_mapped;
  for (const GroupView* group = dag->find_group(task->group_id); group != nullptr && !group->group_id.empty();
       group = dag->find_group(group->parent_id)) {
    is_mapped = is_mapped || group->is_mapped;
  }
  if (is_mapped) return {};
  return fail(ErrorCode::not_found, fmt::format("Task id {} is not mapped", params.task_id));
}

Result<Answer> get_mapped_task_instances(Call& call, const gen::GetMappedTaskInstancesParams& params) {
  Select select(kTaskColumns, kTaskTables);
  select.where("t.dag_id = ? AND t.run_id = ? AND t.task_id = ? AND t.map_index >= 0",
               {params.dag_id, params.dag_run_id, params.task_id});
  Select chosen = select;
  if (auto fine = filter_tasks(chosen, params, call.now()); !fine) return std::unexpected(fine.error());
  // A task that is mapped over nothing has no instances.
  if (select.count(call.db()) == 0) {
    if (auto mapped = require_mapped(call, params); !mapped) return std::unexpected(mapped.error());
  }
  return list_tasks(call, chosen, params.order_by, kTaskOrder, {params.limit, params.offset});
}

Result<Answer> get_task_instances_batch(Call& call, const gen::GetTaskInstancesBatchParams&,
                                        gen::TaskInstancesBatchBody& body) {
  Select select(kTaskColumns, kTaskTables);
  select.in("t.dag_id", body.dag_ids).in("t.run_id", body.dag_run_ids).in("t.task_id", body.task_ids);
  if (body.state) {
    std::vector<std::string> states;
    for (const auto& state : *body.state) states.push_back(state.value_or(""));
    select.in("t.state", states, "none");
  }
  filter_task_times(select, body, call.now());
  select.in("t.pool", body.pool).in("t.queue", body.queue).in("t.executor", body.executor);
  std::vector<std::string> order_by;
  if (body.order_by) order_by.push_back(*body.order_by);
  return list_tasks(call, select, order_by, kBatchOrder, {body.page_limit, body.page_offset});
}

Result<Answer> read_one(Call& call, const std::string& dag_id, const std::string& run_id,
                        const std::string& task_id, std::optional<std::int64_t> map_index) {
  const auto rows = call.db().query(
      fmt::format(
          "SELECT {} FROM {} WHERE t.dag_id = $1 AND t.run_id = $2 AND t.task_id = $3 AND t.map_index = $4",
          kTaskColumns, kTaskTables),
      {dag_id, run_id, task_id, map_index.value_or(-1)});
  if (rows.empty()) {
    return fail(
        ErrorCode::not_found,
        !map_index
            ? fmt::format("The Task Instance with dag_id: `{}`, run_id: `{}` and task_id: `{}` was not found",
                          dag_id, run_id, task_id)
            : fmt::format("The Mapped Task Instance with dag_id: `{}`, run_id: `{}`, task_id: `{}`, and "
                          "map_index: `{}` was not found",
                          dag_id, run_id, task_id, *map_index));
  }
  std::vector<gen::TaskInstanceResponse> task{task_from(rows[0])};
  show_definitions(call, task);
  return ok(task.front());
}

Result<Answer> get_task_instance(Call& call, const gen::GetTaskInstanceParams& params) {
  const auto mapped = call.query(
      "SELECT MAX(map_index) FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3",
      {params.dag_id, params.dag_run_id, params.task_id});
  if (mapped[0].find_integer(0).value_or(-1) >= 0) {
    return fail(ErrorCode::not_found, "Task instance is mapped, add the map_index value to the URL");
  }
  return read_one(call, params.dag_id, params.dag_run_id, params.task_id, std::nullopt);
}

Result<Answer> get_mapped_task_instance(Call& call, const gen::GetMappedTaskInstanceParams& params) {
  return read_one(call, params.dag_id, params.dag_run_id, params.task_id, params.map_index);
}

}  // namespace

void bind_task_instances(Registry& registry) {
  registry.bind<op::get_task_instances>(get_task_instances);
  registry.bind<op::get_mapped_task_instances>(get_mapped_task_instances);
  registry.bind<op::get_task_instances_batch>(get_task_instances_batch);
  registry.bind<op::get_task_instance>(get_task_instance);
  registry.bind<op::get_mapped_task_instance>(get_mapped_task_instance);
}

}  // namespace leoflow::api
