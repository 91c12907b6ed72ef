#include <algorithm>
#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

/// One task of one run that a request wants changed, with how far it reaches.
struct Target {
  std::string dag_id;
  std::string run_id;
  std::vector<std::string> task_ids;      ///< one, or a group's
  std::optional<std::int64_t> map_index;  ///< absent: all
  bool upstream = false;
  bool downstream = false;
  bool future = false;
  bool past = false;
};

struct Change {
  std::optional<std::string> state;
  std::optional<std::optional<std::string>> note;
};

template <typename Body>
Change change_from(const Body& body, const std::optional<std::vector<std::string>>& mask) {
  const auto wanted = [&](std::string_view field) {
    return body.has(field) &&
           (!mask || mask->empty() || std::find(mask->begin(), mask->end(), field) != mask->end());
  };
  Change change;
  if (wanted("new_state")) change.state = body.new_state;
  if (wanted("note")) change.note = body.note;
  return change;
}

template <typename Body>
void reach_from(const Body& body, Target& target) {
  target.upstream = body.include_upstream;
  target.downstream = body.include_downstream;
  target.future = body.include_future;
  target.past = body.include_past;
}

std::optional<Answer> check_state(const std::optional<std::string>& state) {
  if (!state || *state == "success" || *state == "failed" || *state == "skipped") return std::nullopt;
  wire::Problems problems;
  problems.add(wire::Location(wire::Location("body"), "new_state"), "value_error",
               fmt::format("Value error, '{}' is not one of ['failed', 'skipped', 'success']", *state),
               json::value(*state), {{"error", json::object()}});
  return unprocessable(problems);
}

/// The target's own instances, whatever their state.
std::vector<gen::TaskInstanceResponse> own_tasks(Call& call, const Target& target) {
  TaskScope scope;
  scope.dag_id = target.dag_id;
  scope.run_id = target.run_id;
  scope.task_ids.emplace();
  if (target.map_index) {
    for (const std::string& id : target.task_ids) scope.mapped.emplace_back(id, *target.map_index);
  } else {
    scope.task_ids = target.task_ids;
  }
  return select_tasks(call.db(), scope);
}

/// What marking would change: the target and its relatives, in its run and, if asked
/// for, in earlier and later ones, except what has the state already.
Result<std::vector<gen::TaskInstanceResponse>> affected_tasks(Call& call, const DagView& dag,
                                                              const Target& target,
                                                              const std::string& state) {
  TaskScope scope;
  scope.dag_id = target.dag_id;
  scope.other_than_state = state;
  scope.task_ids.emplace();
  if (target.future || target.past) {
    const auto run = read_run(call.db(), target.dag_id, target.run_id);
    if (!run) return std::unexpected(run.error());
    if (!run->logical_date) {
      return fail(ErrorCode::invalid, "Cannot mark past or future of a run without a logical_date");
    }
    if (!target.past) scope.first_logical_date = run->logical_date;
    if (!target.future) scope.last_logical_date = run->logical_date;
  } else {
    scope.run_id = target.run_id;
  }
  const TaskSet ids(target.task_ids.begin(), target.task_ids.end());
  TaskSet relatives;
  if (target.upstream) relatives.merge(dag.relatives(ids, true));
  if (target.downstream) relatives.merge(dag.relatives(ids, false));
  scope.task_ids->assign(relatives.begin(), relatives.end());
  for (const std::string& id : target.task_ids) {
    if (target.map_index) {
      scope.mapped.emplace_back(id, *target.map_index);
    } else {
      scope.task_ids->push_back(id);
    }
  }
  return select_tasks(call.db(), scope);
}

Result<std::vector<gen::TaskInstanceResponse>> apply_change(Call& call, const DagView& dag,
                                                            const Target& target, const Change& change) {
  auto tasks = own_tasks(call, target);
  if (change.note) {
    if (auto done = set_task_notes(call, tasks, *change.note); !done) return std::unexpected(done.error());
  }
  if (change.state) {
    auto affected = affected_tasks(call, dag, target, *change.state);
    if (!affected) return affected;
    if (affected->empty()) {
      return fail(ErrorCode::conflict,
                  fmt::format("Task id {} is already in {} state", target.task_ids.front(), *change.state));
    }
    engine::MarkTasks command{target.dag_id, keys_of(*affected), *change.state};
    if (auto done = call.api.commands.mark_tasks(std::move(command)); !done)
      return std::unexpected(done.error());
    tasks = std::move(*affected);
  }
  return read_again(call.db(), tasks);
}

/// The DAG's newest version, provided that it has the task and the run an instance of it.
Result<DagCache::View> check_target(Call& call, const Target& target) {
  auto dag = call.api.dags.current(call.db(), target.dag_id);
  if (!dag)
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", target.dag_id));
  for (const std::string& id : target.task_ids) {
    if (dag->find_task(id) == nullptr) {
      return fail(ErrorCode::not_found, fmt::format("Task '{}' not found in Dag '{}'", id, target.dag_id));
    }
  }
  if (target.task_ids.empty() || own_tasks(call, target).empty()) {
    return fail(
        ErrorCode::not_found,
        fmt::format(
            "The Task Instance with dag_id: `{}`, run_id: `{}`, task_id: `{}` and map_index: `{}` was "
            "not found",
            target.dag_id, target.run_id, target.task_ids.empty() ? "" : target.task_ids.front(),
            target.map_index ? std::to_string(*target.map_index) : "None"));
  }
  return dag;
}

Result<Answer> patch_target(Call& call, Target target, const gen::PatchTaskInstanceBody& body,
                            const std::optional<std::vector<std::string>>& mask, bool dry_run) {
  reach_from(body, target);
  const Change change = change_from(body, mask);
  if (auto refused = check_state(change.state)) return *refused;
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

Result<void> remove_task(Call& call, const std::string& dag_id, const std::string& run_id,
                         const std::string& task_id, std::int64_t map_index) {
  const engine::TaskKey key{run_id, task_id, static_cast<int>(map_index)};
  if (auto done = call.api.commands.delete_task(dag_id, key); !done) {
    if (done.error().code != ErrorCode::not_found) return done;
    return fail(
        ErrorCode::not_found,
        fmt::format(
            "The Task Instance with dag_id: `{}`, run_id: `{}`, task_id: `{}` and map_index: `{}` was "
            "not found",
            dag_id, run_id, task_id, map_index));
  }
  return {};
}

Result<Answer> delete_task_instance(Call& call, const gen::DeleteTaskInstanceParams& params) {
  auto done = remove_task(call, params.dag_id, params.dag_run_id, params.task_id, params.map_index);
  if (!done) return std::unexpected(done.error());
  Answer answer;
  answer.body = "null";
  return answer;
}

Result<void> update_entity(Call& call, const gen::BulkTaskInstancesParams& params,
                           const gen::BulkTaskInstanceBody& entity,
                           const std::optional<std::vector<std::string>>& mask) {
  Target target{entity.dag_id.value_or(params.dag_id),
                entity.dag_run_id.value_or(params.dag_run_id),
                {entity.task_id},
                entity.map_index};
  if (!target.map_index && own_tasks(call, target).empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("No task instances found for dag_id: {}, run_id: {}, task_id: {}", target.dag_id,
                            target.run_id, entity.task_id));
  }
  reach_from(entity, target);
  const Change change = change_from(entity, mask);
  if (check_state(change.state))
    return fail(ErrorCode::invalid, fmt::format("'{}' cannot be set", *change.state));
  const auto dag = check_target(call, target);
  if (!dag) return std::unexpected(dag.error());
  if (auto tasks = apply_change(call, **dag, target, change); !tasks) return std::unexpected(tasks.error());
  return {};
}

std::string bulk_key(const gen::BulkTaskInstancesParams& params, const gen::BulkTaskInstanceBody& entity) {
  return fmt::format("{}.{}.{}[{}]", entity.dag_id.value_or(params.dag_id),
                     entity.dag_run_id.value_or(params.dag_run_id), entity.task_id,
                     entity.map_index.value_or(-1));
}

Result<Answer> bulk_task_instances(Call& call, const gen::BulkTaskInstancesParams& params,
                                   gen::BulkBody_BulkTaskInstanceBody_& body) {
  gen::BulkResponse response;
  for (auto& action : body.actions) {
    if (std::holds_alternative<gen::BulkCreateAction_BulkTaskInstanceBody_>(action)) {
      auto& result = response.create ? *response.create : response.create.emplace();
      result.errors.push_back(
          json::object{{"error", "Task instances bulk create is not supported"}, {"status_code", 405}});
    } else if (auto* update = std::get_if<gen::BulkUpdateAction_BulkTaskInstanceBody_>(&action)) {
      auto& result = response.update ? *response.update : response.update.emplace();
      for (const auto& entity : update->entities) {
        report(result, bulk_key(params, entity), update_entity(call, params, entity, update->update_mask),
               update->action_on_non_existence == "skip");
      }
    } else if (auto* removal = std::get_if<gen::BulkDeleteAction_BulkTaskInstanceBody_>(&action)) {
      auto& result = response.delete_ ? *response.delete_ : response.delete_.emplace();
      for (const auto& listed : removal->entities) {
        gen::BulkTaskInstanceBody entity;
        if (const auto* id = std::get_if<std::string>(&listed)) {
          entity.task_id = *id;
        } else {
          entity = std::get<gen::BulkTaskInstanceBody>(listed);
        }
        report(result, bulk_key(params, entity),
               remove_task(call, entity.dag_id.value_or(params.dag_id),
                           entity.dag_run_id.value_or(params.dag_run_id), entity.task_id,
                           entity.map_index.value_or(-1)),
               removal->action_on_non_existence == "skip");
      }
    }
  }
  return ok(response);
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
  registry.bind<op::bulk_task_instances>(bulk_task_instances);
}

}  // namespace leoflow::api
