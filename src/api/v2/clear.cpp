#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/rerun_version.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

// "task" or ["task", map_index].
Result<void> read_markers(const std::vector<json::value>& markers, TaskScope& scope) {
  scope.task_ids.emplace();
  for (const json::value& marker : markers) {
    if (marker.is_string()) {
      scope.task_ids->emplace_back(marker.get_string());
      continue;
    }
    const json::array* pair = marker.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_int64()) {
      return fail(ErrorCode::invalid, "task_ids holds task ids or pairs of a task id and a map index");
    }
    scope.mapped.emplace_back((*pair)[0].get_string(), (*pair)[1].get_int64());
  }
  return {};
}

void add_relatives(const DagView& dag, TaskScope& scope, bool upstream, bool downstream) {
  TaskSet ids(scope.task_ids->begin(), scope.task_ids->end());
  for (const auto& [id, index] : scope.mapped) ids.insert(id);
  const TaskSet found = dag.related(ids, upstream, downstream);
  scope.task_ids->insert(scope.task_ids->end(), found.begin(), found.end());
}

// Which runs: one, or all whose logical dates lie within the bounds.
Result<void> choose_runs(Call& call, const gen::ClearTaskInstancesBody& body, TaskScope& scope) {
  scope.first_logical_date = body.start_date;
  scope.last_logical_date = body.end_date;
  if (!body.dag_run_id) return {};
  const auto run = read_run(call.db(), scope.dag_id, *body.dag_run_id);
  if (!run) {
    return fail(ErrorCode::not_found,
                fmt::format("Dag Run id {} not found in dag {}", *body.dag_run_id, scope.dag_id));
  }
  const bool many = body.include_past || body.include_future;
  if (many && !run->logical_date) {
    return fail(
        ErrorCode::invalid,
        "Cannot use include_past or include_future with no logical_date(e.g. manually or asset-triggered).");
  }
  if (!many) {
    scope.run_id = *body.dag_run_id;
    scope.first_logical_date.reset();
    scope.last_logical_date.reset();
    return {};
  }
  scope.first_logical_date = body.include_past ? std::nullopt : run->logical_date;
  scope.last_logical_date = body.include_future ? std::nullopt : run->logical_date;
  return {};
}

/// The instances as a clear leaves them: what they were before, to be run again. Some may be running by now.
std::vector<gen::TaskInstanceResponse> as_cleared(std::vector<gen::TaskInstanceResponse> before,
                                                  const std::vector<gen::TaskInstanceResponse>& now) {
  if (before.size() != now.size()) return now;  // some are gone by now
  for (std::size_t i = 0; i < before.size(); ++i) {
    before[i].id = now[i].id;
    before[i].max_tries = now[i].max_tries;
    before[i].note = now[i].note;
    before[i].dag_version = now[i].dag_version;
    before[i].state.reset();
  }
  return before;
}

Result<Answer> post_clear_task_instances(Call& call, const gen::PostClearTaskInstancesParams& params,
                                         gen::ClearTaskInstancesBody& body) {
  const auto dag = call.api.dags.current(call.db(), params.dag_id);
  if (!dag)
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", params.dag_id));
  TaskScope scope;
  scope.dag_id = params.dag_id;
  if (auto chosen = choose_runs(call, body, scope); !chosen) return std::unexpected(chosen.error());
  if (body.task_ids) {
    if (auto read = read_markers(*body.task_ids, scope); !read) return std::unexpected(read.error());
    add_relatives(*dag, scope, body.include_upstream, body.include_downstream);
  }
  if (body.only_failed) scope.states = {"failed", "upstream_failed"};
  if (body.only_running) scope.states.emplace_back("running");
  auto tasks = select_tasks(call.db(), scope);
  if (body.dry_run || tasks.empty()) return ok(collection_of(call, std::move(tasks)));
  if (body.prevent_running_task) {
    for (const auto& task : tasks) {
      if (task.state == "running") {
        return fail(ErrorCode::conflict,
                    fmt::format("Task '{}' is running, stopping attempt to clear.", task.task_id));
      }
    }
  }
  engine::ClearTasks command{
      params.dag_id,       keys_of(tasks),
      body.reset_dag_runs, reruns_on_latest(call, params.dag_id, body.run_on_latest_version, false),
      body.note,           call.user.subject};
  // As in Airflow, an empty note leaves those that there are.
  if (command.note == "") command.note.reset();
  if (auto done = call.api.commands.clear_tasks(std::move(command)); !done)
    return std::unexpected(done.error());
  const auto now = read_again(call.db(), tasks);
  return ok(collection_of(call, as_cleared(std::move(tasks), now)));
}

}  // namespace

void bind_clear(Registry& registry) {
  registry.bind<op::post_clear_task_instances>(post_clear_task_instances);
}

}  // namespace leoflow::api
