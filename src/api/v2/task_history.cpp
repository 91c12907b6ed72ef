#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

// Columns that the instance and its past tries share.
constexpr std::string_view kColumns =
    "t.task_id, t.dag_id, t.run_id, t.map_index, t.start_date, t.end_date, t.state, t.try_number, "
    "t.max_tries, "
    "t.task_display_name, d.dag_display_name, t.hostname, t.unixname, t.pool, t.pool_slots, t.queue, "
    "t.priority_weight, t.operator, t.queued_at, t.scheduled_at, t.pid, t.executor, "
    "v.id, v.version_number, v.dag_id, v.bundle_name, v.bundle_version, v.created_at, d.dag_display_name";

gen::TaskInstanceHistoryResponse try_from(store::Row row) {
  gen::TaskInstanceHistoryResponse attempt;
  std::string queue;
  std::string operator_name;
  std::int64_t weight = 0;
  store::Reader in(row);
  in >> attempt.task_id >> attempt.dag_id >> attempt.dag_run_id >> attempt.map_index >> attempt.start_date;
  in >> attempt.end_date >> attempt.state >> attempt.try_number >> attempt.max_tries >>
      attempt.task_display_name;
  in >> attempt.dag_display_name >> attempt.hostname >> attempt.unixname >> attempt.pool >>
      attempt.pool_slots;
  in >> queue >> weight >> operator_name >> attempt.queued_when >> attempt.scheduled_when >> attempt.pid;
  in >> attempt.executor;
  attempt.queue = queue;
  attempt.priority_weight = weight;
  attempt.operator_ = operator_name;
  attempt.operator_name = operator_name;
  attempt.executor_config = "{}";
  attempt.duration = seconds_between(attempt.start_date, attempt.end_date);
  if (!row.is_null(22)) attempt.dag_version = version_from(row, 22);
  return attempt;
}

/// Every try of one instance, oldest first; the last may not be over.
std::vector<gen::TaskInstanceHistoryResponse> read_tries(Call& call, const std::string& dag_id,
                                                         const std::string& run_id,
                                                         const std::string& task_id, std::int64_t map_index) {
  const auto half = [](std::string_view table, std::string_view extra) {
    return fmt::format(
        "SELECT {} FROM {} t JOIN dag d ON d.dag_id = t.dag_id LEFT JOIN dag_version v ON v.id = "
        "t.dag_version_id "
        "WHERE t.dag_id = $1 AND t.run_id = $2 AND t.task_id = $3 AND t.map_index = $4{}",
        kColumns, table, extra);
  };
  // An instance that waits for its retry is in the history already.
  const std::string now = half("task_instance", " AND (t.state IS NULL OR t.state <> 'up_for_retry')");
  std::vector<gen::TaskInstanceHistoryResponse> tries;
  for (const store::Row row : call.db().query(half("task_instance_history", "") + " ORDER BY t.try_number",
                                              {dag_id, run_id, task_id, map_index})) {
    tries.push_back(try_from(row));
  }
  for (const store::Row row : call.db().query(now, {dag_id, run_id, task_id, map_index})) {
    auto latest = try_from(row);
    const bool known = !tries.empty() && tries.back().try_number == latest.try_number;
    if (!known) tries.push_back(std::move(latest));
  }
  return tries;
}

std::unexpected<Error> no_instance(const std::string& dag_id, const std::string& run_id,
                                   const std::string& task_id, std::int64_t map_index) {
  return fail(
      ErrorCode::not_found,
      fmt::format(
          "The Task Instance with dag_id: `{}`, run_id: `{}`, task_id: `{}` and map_index: `{}` was not "
          "found",
          dag_id, run_id, task_id, map_index));
}

bool exists(Call& call, const std::string& dag_id, const std::string& run_id, const std::string& task_id,
            std::int64_t map_index) {
  return !call.query(
                  "SELECT 1 FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND "
                  "map_index = $4",
                  {dag_id, run_id, task_id, map_index})
              .empty();
}

// Some paths have the index, some the query, and there it may be left out.
template <typename Params>
std::int64_t map_index_of(const Params& params) {
  if constexpr (requires { params.map_index.has_value(); }) {
    return params.map_index.value_or(-1);
  } else {
    return params.map_index;
  }
}

template <typename Params>
Result<Answer> get_tries(Call& call, const Params& params) {
  const std::int64_t map_index = map_index_of(params);
  gen::TaskInstanceHistoryCollectionResponse list;
  list.task_instances = read_tries(call, params.dag_id, params.dag_run_id, params.task_id, map_index);
  if (list.task_instances.empty() &&
      !exists(call, params.dag_id, params.dag_run_id, params.task_id, map_index)) {
    return no_instance(params.dag_id, params.dag_run_id, params.task_id, map_index);
  }
  list.total_entries = static_cast<std::int64_t>(list.task_instances.size());
  return ok(list);
}

template <typename Params>
Result<Answer> get_try(Call& call, const Params& params) {
  const std::int64_t map_index = map_index_of(params);
  for (const auto& attempt : read_tries(call, params.dag_id, params.dag_run_id, params.task_id, map_index)) {
    if (attempt.try_number == params.task_try_number) return ok(attempt);
  }
  return fail(
      ErrorCode::not_found,
      fmt::format("The Task Instance with dag_id: `{}`, run_id: `{}`, task_id: `{}`, try_number: `{}` and "
                  "map_index: `{}` was not found",
                  params.dag_id, params.dag_run_id, params.task_id, params.task_try_number, map_index));
}

template <typename Params>
Result<Answer> get_dependencies(Call& call, const Params& params) {
  const std::int64_t map_index = map_index_of(params);
  if (!exists(call, params.dag_id, params.dag_run_id, params.task_id, map_index)) {
    return no_instance(params.dag_id, params.dag_run_id, params.task_id, map_index);
  }
  const auto blockers = call.api.commands.explain(
      params.dag_id, {params.dag_run_id, params.task_id, static_cast<int>(map_index)});
  if (!blockers) return std::unexpected(blockers.error());
  gen::TaskDependencyCollectionResponse answer;
  for (const auto& [name, reason] : *blockers) {
    gen::TaskDependencyResponse& dependency = answer.dependencies.emplace_back();
    dependency.name = name;
    dependency.reason = reason;
  }
  return ok(answer);
}

Result<Answer> get_extra_links(Call& call, const gen::GetExtraLinksParams& params) {
  const auto dag = call.api.dags.current(call.db(), params.dag_id);
  if (!dag || dag->find_task(params.task_id) == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("Task with ID = {} not found", params.task_id));
  }
  return ok(gen::ExtraLinkCollectionResponse{});
}

}  // namespace

void bind_task_history(Registry& registry) {
  registry.bind<op::get_task_instance_tries>(get_tries<gen::GetTaskInstanceTriesParams>);
  registry.bind<op::get_mapped_task_instance_tries>(get_tries<gen::GetMappedTaskInstanceTriesParams>);
  registry.bind<op::get_task_instance_try_details>(get_try<gen::GetTaskInstanceTryDetailsParams>);
  registry.bind<op::get_mapped_task_instance_try_details>(
      get_try<gen::GetMappedTaskInstanceTryDetailsParams>);
  registry.bind<op::get_task_instance_dependencies>(get_dependencies<gen::GetTaskInstanceDependenciesParams>);
  registry.bind<op::get_task_instance_dependencies_by_map_index>(
      get_dependencies<gen::GetTaskInstanceDependenciesByMapIndexParams>);
  registry.bind<op::get_extra_links>(get_extra_links);
}

}  // namespace leoflow::api
