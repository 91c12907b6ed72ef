#include <fmt/core.h>

#include "api/core/partition_scope.hpp"
#include "api/core/task_set.hpp"
#include "api/resources.hpp"

// Runs are of no partition any more.
namespace leoflow::api {

namespace {

struct Chosen {
  std::vector<std::string> with_partition;
  std::vector<std::string> all;
};

Chosen choose_runs(Call& call, const std::string& dag_id, const gen::ClearPartitionsBody& body,
                   const DagView& dag) {
  Select select("r.run_id, r.partition_key, r.partition_date", "dag_run r");
  select.where("r.dag_id = ?", {dag_id});
  if (body.run_id) {
    select.where("r.run_id = ?", {*body.run_id});
  } else {
    select_partitions(select, partition_scope(body), dag);
  }
  Chosen chosen;
  for (const store::Row row : select.rows(call.db())) {
    chosen.all.push_back(row.text(0));
    if (!row.is_null(1) || !row.is_null(2)) chosen.with_partition.push_back(row.text(0));
  }
  return chosen;
}

std::vector<engine::TaskKey> tasks_of(Call& call, const std::string& dag_id,
                                      const std::vector<std::string>& run_ids) {
  std::vector<engine::TaskKey> keys;
  for (const std::string& run_id : run_ids) {
    for (const store::Row row : call.query(
             "SELECT task_id, map_index FROM task_instance WHERE dag_id = $1 AND run_id = $2 ORDER BY id",
             {dag_id, run_id})) {
      keys.push_back({run_id, row.text(0), static_cast<int>(row.integer(1))});
    }
  }
  return keys;
}

Result<Answer> clear_dag_run_partitions(Call& call, const gen::ClearDagRunPartitionsParams& params,
                                        gen::ClearPartitionsBody& body) {
  if (auto refused = refuse_partition_scope(call, partition_scope(body), body.run_id.has_value(), "run_id"))
    return *refused;
  const auto dag = call.api.dags.current(call.db(), params.dag_id);
  if (!dag)
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", params.dag_id));
  Chosen chosen = choose_runs(call, params.dag_id, body, *dag);
  std::vector<engine::TaskKey> tasks;
  if (body.clear_task_instances) tasks = tasks_of(call, params.dag_id, chosen.all);
  gen::ClearPartitionsResponse answer;
  answer.dag_runs_cleared = static_cast<std::int64_t>(chosen.with_partition.size());
  answer.task_instances_cleared = static_cast<std::int64_t>(tasks.size());
  answer.dry_run = body.dry_run;
  if (body.dry_run) return ok(answer);
  if (!chosen.with_partition.empty()) {
    auto done = call.api.commands.forget_partitions(params.dag_id, std::move(chosen.with_partition));
    if (!done) return std::unexpected(done.error());
  }
  if (!tasks.empty()) {
    engine::ClearTasks command;
    command.dag_id = params.dag_id;
    command.tasks = std::move(tasks);
    command.user = call.user.subject;
    if (auto done = call.api.commands.clear_tasks(std::move(command)); !done)
      return std::unexpected(done.error());
  }
  return ok(answer);
}

}  // namespace

void bind_clear_partitions(Registry& registry) {
  registry.bind<op::clear_dag_run_partitions>(clear_dag_run_partitions);
}

}  // namespace leoflow::api
