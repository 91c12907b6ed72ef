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
  if (body.dry_run || tasks.empty()) return ok(collection_of(std::move(tasks)));
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
  if (auto done = call.api.commands.clear_tasks(std::move(command)); !done)
    return std::unexpected(done.error());
  call.audit({.dag_id = params.dag_id,
              .run_id = body.dag_run_id,
              .extra = {{"task_instances", static_cast<std::int64_t>(tasks.size())},
                        {"only_failed", body.only_failed}}});
  return ok(collection_of(read_again(call.db(), tasks)));
}

Result<void> clear_run(Call& call, const std::string& dag_id, const std::string& run_id,
                       const std::vector<gen::TaskInstanceResponse>& tasks, bool on_latest_version,
                       const std::optional<std::string>& note) {
  engine::ClearTasks command{dag_id,       keys_of(tasks),   true, on_latest_version,
                             std::nullopt, call.user.subject};
  if (auto done = call.api.commands.clear_tasks(std::move(command)); !done) return done;
  if (note) {
    auto noted = call.api.commands.write([&, at = call.now()](store::Session& session) -> Result<void> {
      session.execute(
          "UPDATE dag_run SET note = $1, note_user = $2, updated_at = $3 WHERE dag_id = $4 AND run_id = $5",
          {*note, call.user.subject, at, dag_id, run_id});
      return {};
    });
    if (!noted) return noted;
  }
  call.audit({.dag_id = dag_id, .run_id = run_id});
  return {};
}

// Tasks that the newest version has and the run does not: what only_new would add.
std::vector<gen::NewTaskResponse> new_tasks(Call& call, const std::string& dag_id,
                                            const std::string& run_id) {
  std::vector<gen::NewTaskResponse> found;
  const auto dag = call.api.dags.current(call.db(), dag_id);
  if (!dag) return found;
  TaskSet known;
  for (const store::Row row :
       call.query("SELECT DISTINCT task_id FROM task_instance WHERE dag_id = $1 AND run_id = $2",
                  {dag_id, run_id})) {
    known.insert(row.text(0));
  }
  for (const TaskView& task : dag->tasks()) {
    if (!known.contains(task.task_id)) found.push_back({task.task_id, task.display_name});
  }
  return found;
}

Result<Answer> clear_dag_run(Call& call, const gen::ClearDagRunParams& params, gen::DAGRunClearBody& body) {
  if (auto known = require_run(call.db(), params.dag_id, params.dag_run_id); !known) {
    return std::unexpected(known.error());
  }
  gen::ClearTaskInstanceCollectionResponse list;
  if (body.only_new) {
    if (!body.dry_run)
      return fail(ErrorCode::unsupported, "Adding new tasks to a finished run is not supported yet");
    for (auto& task : new_tasks(call, params.dag_id, params.dag_run_id))
      list.task_instances.emplace_back(std::move(task));
    list.total_entries = static_cast<std::int64_t>(list.task_instances.size());
    return ok(list);
  }
  TaskScope scope;
  scope.dag_id = params.dag_id;
  scope.run_id = params.dag_run_id;
  if (body.only_failed) scope.states = {"failed", "upstream_failed"};
  auto tasks = select_tasks(call.db(), scope);
  if (body.dry_run) {
    list.total_entries = static_cast<std::int64_t>(tasks.size());
    for (auto& task : tasks) list.task_instances.emplace_back(std::move(task));
    return ok(list);
  }
  if (auto done =
          clear_run(call, params.dag_id, params.dag_run_id, tasks,
                    reruns_on_latest(call, params.dag_id, body.run_on_latest_version, false), body.note);
      !done) {
    return std::unexpected(done.error());
  }
  const auto run = read_run(call.db(), params.dag_id, params.dag_run_id);
  if (!run) return std::unexpected(run.error());
  return ok(*run);
}

Result<Answer> clear_dag_runs(Call& call, const gen::ClearDagRunsParams& params,
                              gen::BulkDAGRunClearBody& body) {
  if (body.partition_key || body.partition_date_start || body.partition_date_end || body.only_new) {
    return fail(ErrorCode::unsupported, "Clearing by partition or with only_new is not supported yet");
  }
  gen::ClearTaskInstanceCollectionResponse affected;
  gen::DAGRunCollectionResponse cleared;
  for (const auto& entity : body.dag_runs) {
    const std::string dag_id = entity.dag_id.value_or(params.dag_id);
    if (auto known = require_run(call.db(), dag_id, entity.dag_run_id); !known)
      return std::unexpected(known.error());
    TaskScope scope;
    scope.dag_id = dag_id;
    scope.run_id = entity.dag_run_id;
    if (body.only_failed) scope.states = {"failed", "upstream_failed"};
    auto tasks = select_tasks(call.db(), scope);
    if (body.dry_run) {
      for (auto& task : tasks) affected.task_instances.emplace_back(std::move(task));
      continue;
    }
    if (auto done = clear_run(call, dag_id, entity.dag_run_id, tasks,
                              reruns_on_latest(call, dag_id, body.run_on_latest_version, false), body.note);
        !done) {
      return std::unexpected(done.error());
    }
    const auto run = read_run(call.db(), dag_id, entity.dag_run_id);
    if (!run) return std::unexpected(run.error());
    cleared.dag_runs.push_back(*run);
  }
  if (body.dry_run) {
    affected.total_entries = static_cast<std::int64_t>(affected.task_instances.size());
    return ok(affected);
  }
  cleared.total_entries = static_cast<std::int64_t>(cleared.dag_runs.size());
  return ok(cleared);
}

}  // namespace

void bind_clear(Registry& registry) {
  registry.bind<op::post_clear_task_instances>(post_clear_task_instances);
  registry.bind<op::clear_dag_run>(clear_dag_run);
  registry.bind<op::clear_dag_runs>(clear_dag_runs);
}

}  // namespace leoflow::api
