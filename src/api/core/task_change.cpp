#include "api/core/task_change.hpp"

#include <fmt/format.h>

#include "api/core/notes.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_set.hpp"

namespace leoflow::api {

std::unexpected<Error> no_task_instance(std::string_view dag_id, std::string_view run_id,
                                        std::string_view task_id, std::optional<std::int64_t> map_index) {
  return fail(ErrorCode::not_found,
              fmt::format("The Task Instance with dag_id: `{}`, run_id: `{}`, task_id: `{}` and map_index: "
                          "`{}` was not found",
                          dag_id, run_id, task_id, map_index ? std::to_string(*map_index) : "None"));
}

bool is_task_instance(Call& call, std::string_view dag_id, std::string_view run_id, std::string_view task_id,
                      std::int64_t map_index) {
  return !call.query(
                  "SELECT 1 FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND "
                  "map_index = $4",
                  {dag_id, run_id, task_id, map_index})
              .empty();
}

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
    return no_task_instance(target.dag_id, target.run_id,
                            target.task_ids.empty() ? "" : target.task_ids.front(), target.map_index);
  }
  return dag;
}

Result<void> remove_task(Call& call, const std::string& dag_id, const std::string& run_id,
                         const std::string& task_id, std::int64_t map_index) {
  auto done = call.api.commands.delete_task(dag_id, {run_id, task_id, static_cast<int>(map_index)});
  if (!done && done.error().code == ErrorCode::not_found)
    return no_task_instance(dag_id, run_id, task_id, map_index);
  return done;
}

}  // namespace leoflow::api
