#include <fmt/core.h>

#include "api/core/task_change.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

Result<Answer> patch_target(Call& call, Target target, const gen::PatchTaskInstanceBody& body,
                            const std::optional<std::vector<std::string>>& mask, bool dry_run) {
  reach_from(body, target);
  const Change change = change_from(body, mask);
  const auto dag = check_target(call, target);
  if (!dag) return std::unexpected(dag.error());
  if (dry_run) {
    if (!change.state) return ok(collection_of(call, own_tasks(call, target)));
    auto affected = affected_tasks(call, **dag, target, *change.state);
    if (!affected) return std::unexpected(affected.error());
    return ok(collection_of(call, std::move(*affected)));
  }
  auto tasks = apply_change(call, **dag, target, change);
  if (!tasks) return std::unexpected(tasks.error());
  return ok(collection_of(call, std::move(*tasks)));
}

template <bool dry_run, typename Params>
Result<Answer> patch_task(Call& call, const Params& params, gen::PatchTaskInstanceBody& body) {
  Target target{params.dag_id, params.dag_run_id, {params.task_id}, params.map_index};
  return patch_target(call, std::move(target), body, params.update_mask, dry_run);
}

template <bool dry_run, typename Params>
Result<Answer> patch_group(Call& call, const Params& params, gen::PatchTaskInstanceBody& body) {
  const auto dag = call.api.dags.current(call.db(), params.dag_id);
  const GroupView* group = dag ? dag->find_group(params.group_id) : nullptr;
  if (group == nullptr) {
    return fail(ErrorCode::not_found,
                fmt::format("Task group '{}' not found in DAG '{}'", params.group_id, params.dag_id));
  }
  const TaskSet ids = dag->tasks_in(*group);
  Target target{params.dag_id, params.dag_run_id, {ids.begin(), ids.end()}, std::nullopt};
  std::optional<std::vector<std::string>> mask;
  if constexpr (requires { params.update_mask; }) mask = params.update_mask;
  return patch_target(call, std::move(target), body, mask, dry_run);
}

Result<Answer> delete_task_instance(Call& call, const gen::DeleteTaskInstanceParams& params) {
  auto done = remove_task(call, params.dag_id, params.dag_run_id, params.task_id, params.map_index);
  if (!done) return std::unexpected(done.error());
  Answer answer;
  answer.body = "null";
  return answer;
}

}  // namespace

void bind_task_instance_changes(Registry& registry) {
  registry.bind<op::patch_task_instance>(patch_task<false, gen::PatchTaskInstanceParams>);
  registry.bind<op::patch_task_instance_dry_run>(patch_task<true, gen::PatchTaskInstanceDryRunParams>);
  registry.bind<op::patch_task_instance_by_map_index>(
      patch_task<false, gen::PatchTaskInstanceByMapIndexParams>);
  registry.bind<op::patch_task_instance_dry_run_by_map_index>(
      patch_task<true, gen::PatchTaskInstanceDryRunByMapIndexParams>);
  registry.bind<op::patch_task_group_instances>(patch_group<false, gen::PatchTaskGroupInstancesParams>);
  registry.bind<op::patch_task_group_instances_dry_run>(
      patch_group<true, gen::PatchTaskGroupInstancesDryRunParams>);
  registry.bind<op::delete_task_instance>(delete_task_instance);
}

}  // namespace leoflow::api
