#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <utility>

#include "api/core/dag_rows.hpp"
#include "api/core/notes.hpp"
#include "api/core/partition_scope.hpp"
#include "api/core/rerun_version.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"

// Whole runs run again, or take the tasks that their DAG got since.
namespace leoflow::api {

namespace {

struct RunName {
  std::string dag_id;
  std::string run_id;

  bool operator==(const RunName&) const = default;
};

template <typename Body>
std::optional<Answer> refuse_options(const Call& call, const Body& body) {
  if (!body.only_new || !body.only_failed) return std::nullopt;
  return refused_body(call, "only_new and only_failed are mutually exclusive");
}

// Tasks that the newest version has and the run does not.
std::vector<gen::NewTaskResponse> new_tasks(Call& call, const RunName& run) {
  std::vector<gen::NewTaskResponse> found;
  const auto dag = call.api.dags.current(call.db(), run.dag_id);
  if (!dag) return found;
  TaskSet known;
  for (const store::Row row :
       call.query("SELECT DISTINCT task_id FROM task_instance WHERE dag_id = $1 AND run_id = $2",
                  {run.dag_id, run.run_id})) {
    known.insert(row.text(0));
  }
  for (const TaskView& task : dag->tasks()) {
    if (!known.contains(task.task_id)) found.push_back({task.task_id, task.display_name});
  }
  std::ranges::sort(found, {}, &gen::NewTaskResponse::task_id);
  return found;
}

template <typename Body>
std::vector<gen::TaskInstanceResponse> chosen_tasks(Call& call, const RunName& run, const Body& body) {
  TaskScope scope;
  scope.dag_id = run.dag_id;
  scope.run_id = run.run_id;
  if (body.only_failed) scope.states = {"failed", "upstream_failed"};
  return select_tasks(call.db(), scope);
}

/// What clearing would come to.
template <typename Body>
Answer plan(Call& call, const std::vector<RunName>& runs, const Body& body) {
  gen::ClearTaskInstanceCollectionResponse list;
  for (const RunName& run : runs) {
    if (body.only_new) {
      for (auto& task : new_tasks(call, run)) list.task_instances.emplace_back(std::move(task));
    } else {
      auto tasks = chosen_tasks(call, run, body);
      show_definitions(call, tasks);
      for (auto& task : tasks) list.task_instances.emplace_back(std::move(task));
    }
  }
  list.total_entries = static_cast<std::int64_t>(list.task_instances.size());
  return ok(list);
}

template <typename Body>
Result<void> clear_tasks_of(Call& call, const RunName& run, const Body& body) {
  engine::ClearTasks command;
  command.dag_id = run.dag_id;
  command.user = call.user.subject;
  if (body.only_new) {
    if (new_tasks(call, run).empty()) return {};
    command.runs.push_back(run.run_id);
    command.on_latest_version = true;
  } else {
    command.tasks = keys_of(chosen_tasks(call, run, body));
    command.on_latest_version = reruns_on_latest(call, run.dag_id, body.run_on_latest_version, false);
  }
  return call.api.commands.clear_tasks(std::move(command));
}

template <typename Body>
Result<gen::DAGRunResponse> clear_run(Call& call, const RunName& run, const Body& body) {
  if (auto done = clear_tasks_of(call, run, body); !done) return std::unexpected(done.error());
  if (body.note) {
    if (auto done = set_run_note(call, run.dag_id, run.run_id, body.note); !done)
      return std::unexpected(done.error());
  }
  return read_run(call.db(), run.dag_id, run.run_id);
}

Result<Answer> clear_dag_run(Call& call, const gen::ClearDagRunParams& params, gen::DAGRunClearBody& body) {
  if (auto refused = refuse_options(call, body)) return *refused;
  const RunName name{params.dag_id, params.dag_run_id};
  if (auto known = require_run(call.db(), name.dag_id, name.run_id); !known) {
    return std::unexpected(known.error());
  }
  if (body.dry_run) return plan(call, {name}, body);
  const auto run = clear_run(call, name, body);
  if (!run) return std::unexpected(run.error());
  return ok(*run);
}

/// Errors: invalid (a DAG that the path does not allow), not_found.
Result<std::vector<RunName>> named_runs(Call& call, const std::string& dag_id,
                                        const std::vector<gen::BulkDAGRunBody>& entries) {
  std::vector<RunName> runs;
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& entry : entries) {
    const RunName run{entry.dag_id.value_or(dag_id), entry.dag_run_id};
    if (run.dag_id == "~") {
      return fail(ErrorCode::invalid,
                  fmt::format("When the URL dag_id is '~', every entry must provide a concrete dag_id "
                              "(missing on dag_run_id: '{}').",
                              run.run_id));
    }
    if (dag_id != "~" && run.dag_id != dag_id) {
      return fail(ErrorCode::invalid,
                  fmt::format("Entry dag_id '{}' does not match the URL dag_id '{}'.", run.dag_id, dag_id));
    }
    const std::string_view named = entry.dag_id ? std::string_view(*entry.dag_id) : dag_id;
    if (seen.emplace(named, entry.dag_run_id).second) runs.push_back(run);
  }
  // Before the first of them changes.
  for (const RunName& run : runs) {
    if (auto known = require_run(call.db(), run.dag_id, run.run_id); !known)
      return std::unexpected(known.error());
  }
  return runs;
}

/// Errors: invalid (no one DAG), not_found.
Result<std::vector<RunName>> runs_of_partitions(Call& call, const std::string& dag_id,
                                                const PartitionScope& scope) {
  if (dag_id == "~") {
    return fail(ErrorCode::invalid, "Partition selectors require a concrete dag_id; '~' is not supported.");
  }
  const auto dag = call.api.dags.current(call.db(), dag_id);
  if (!dag) return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", dag_id));
  Select select("r.run_id", "dag_run r");
  select.where("r.dag_id = ?", {dag_id});
  select_partitions(select, scope, *dag);
  std::vector<RunName> runs;
  for (const store::Row row : select.rows(call.db())) runs.push_back({dag_id, row.text(0)});
  return runs;
}

Result<Answer> clear_dag_runs(Call& call, const gen::ClearDagRunsParams& params,
                              gen::BulkDAGRunClearBody& body) {
  const PartitionScope scope = partition_scope(body);
  const bool by_name = !body.dag_runs.empty();
  if (auto refused = refuse_options(call, body)) return *refused;
  if (auto refused = refuse_partition_scope(call, scope, by_name, "dag_runs (non-empty)")) return *refused;
  const auto runs = by_name ? named_runs(call, params.dag_id, body.dag_runs)
                            : runs_of_partitions(call, params.dag_id, scope);
  if (!runs) return std::unexpected(runs.error());
  if (body.dry_run) return plan(call, *runs, body);
  gen::DAGRunCollectionResponse cleared;
  for (const RunName& name : *runs) {
    auto run = clear_run(call, name, body);
    if (!run) return std::unexpected(run.error());
    cleared.dag_runs.push_back(std::move(*run));
  }
  cleared.total_entries = static_cast<std::int64_t>(cleared.dag_runs.size());
  return ok(cleared);
}

}  // namespace

void bind_clear_runs(Registry& registry) {
  registry.bind<op::clear_dag_run>(clear_dag_run);
  registry.bind<op::clear_dag_runs>(clear_dag_runs);
}

}  // namespace leoflow::api
