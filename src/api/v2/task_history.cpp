#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/task_change.hpp"
#include "api/core/try_rows.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

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
      !is_task_instance(call, params.dag_id, params.dag_run_id, params.task_id, map_index)) {
    return no_task_instance(params.dag_id, params.dag_run_id, params.task_id, map_index);
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
  if (!is_task_instance(call, params.dag_id, params.dag_run_id, params.task_id, map_index)) {
    // Here Airflow puts the reason into a list.
    const Error error = no_task_instance(params.dag_id, params.dag_run_id, params.task_id, map_index).error();
    Answer answer;
    answer.status = 404;
    answer.body = json::serialize(json::object{{"detail", json::array{error.message}}});
    return answer;
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
}

}  // namespace leoflow::api
