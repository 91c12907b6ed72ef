#include "dag/dag.hpp"

#include <algorithm>

namespace leoflow::dag {

std::optional<TaskIndex> Dag::find_task(std::string_view task_id) const {
  const auto found = index_by_id.find(std::string(task_id));
  return found == index_by_id.end() ? std::nullopt : std::optional(found->second);
}

Restriction Dag::restriction() const {
  Restriction out{start_date, end_date, catchup};
  // As in Airflow: the earliest start of any task; the latest end, unless a task has none.
  std::optional<Time> task_start;
  for (const Task& task : tasks) {
    if (task.start_date && (!task_start || *task.start_date < *task_start)) task_start = task.start_date;
  }
  if (!out.earliest) out.earliest = task_start;
  return out;
}

bool Dag::allows(RunType type) const {
  return !allowed_run_types ||
         std::ranges::find(*allowed_run_types, to_text(type)) != allowed_run_types->end();
}

bool Dag::has_task_concurrency_limits() const {
  return std::ranges::any_of(
      tasks, [](const Task& task) { return task.max_active_tis_per_dag || task.max_active_tis_per_dagrun; });
}

std::vector<TaskIndex> reachable(const Dag& dag, TaskIndex from, bool upstream) {
  std::vector<bool> seen(dag.tasks.size());
  std::vector<TaskIndex> open = {from};
  seen[from] = true;
  while (!open.empty()) {
    const Task& task = dag.tasks[open.back()];
    open.pop_back();
    for (const TaskIndex next : upstream ? task.upstream : task.downstream) {
      if (!seen[next]) {
        seen[next] = true;
        open.push_back(next);
      }
    }
  }
  std::vector<TaskIndex> out;
  for (TaskIndex i = 0; i < seen.size(); ++i) {
    if (seen[i] && i != from) out.push_back(i);
  }
  return out;
}

}  // namespace leoflow::dag
