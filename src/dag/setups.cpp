#include "dag/setups.hpp"

#include <algorithm>

namespace leoflow::dag {
namespace {

bool contains(const std::vector<TaskIndex>& sorted, TaskIndex task) {
  return std::ranges::binary_search(sorted, task);
}

bool is_direct_upstream(const Task& task, TaskIndex other) {
  return std::ranges::find(task.upstream, other) != task.upstream.end();
}

bool counts_for_run(const Task& task) {
  return !task.is_teardown || task.on_failure_fail_dagrun;
}

/// What lies between the setups of a teardown and the teardown, besides its direct upstream.
std::vector<TaskIndex> teardown_scope(const Dag& dag, TaskIndex teardown) {
  const Task& task = dag.tasks[teardown];
  const std::vector<TaskIndex> above = reachable(dag, teardown, true);
  std::vector<TaskIndex> scope;
  for (const TaskIndex setup : task.upstream) {
    if (!dag.tasks[setup].is_setup) continue;
    for (const TaskIndex below : reachable(dag, setup, false)) {
      if (contains(above, below) && !is_direct_upstream(task, below)) scope.push_back(below);
    }
  }
  std::ranges::sort(scope);
  scope.erase(std::ranges::unique(scope).begin(), scope.end());
  return scope;
}

/// The setups that a task runs under: those upstream of it that have no teardown, or one downstream of the
/// task. Source: Airflow 3.3.2, get_upstreams_only_setups.
std::vector<TaskIndex> relevant_setups(const Dag& dag, TaskIndex task) {
  const std::vector<TaskIndex> below = reachable(dag, task, false);
  std::vector<TaskIndex> out;
  for (const TaskIndex setup : reachable(dag, task, true)) {
    if (!dag.tasks[setup].is_setup) continue;
    const auto& next = dag.tasks[setup].downstream;
    const auto is_teardown = [&](TaskIndex i) { return dag.tasks[i].is_teardown; };
    const bool has_one_below =
        std::ranges::any_of(next, [&](TaskIndex i) { return is_teardown(i) && contains(below, i); });
    if (has_one_below || std::ranges::none_of(next, is_teardown)) out.push_back(setup);
  }
  return out;
}

}  // namespace

void connect_setups(Dag& dag) {
  const bool has_any =
      std::ranges::any_of(dag.tasks, [](const Task& t) { return t.is_setup || t.is_teardown; });
  if (!has_any) return;
  for (TaskIndex i = 0; i < dag.tasks.size(); ++i) {
    Task& task = dag.tasks[i];
    if (task.is_teardown) {
      task.scope = teardown_scope(dag, i);
    } else {
      task.setups = relevant_setups(dag, i);
      std::erase_if(task.setups, [&](TaskIndex setup) { return is_direct_upstream(task, setup); });
    }
    for (const TaskIndex other : task.scope) dag.tasks[other].watchers.push_back(i);
    for (const TaskIndex other : task.setups) dag.tasks[other].watchers.push_back(i);
  }
}

std::vector<TaskIndex> effective_leaves(const Dag& dag) {
  std::vector<TaskIndex> leaves;
  for (TaskIndex i = 0; i < dag.tasks.size(); ++i) {
    const Task& task = dag.tasks[i];
    const bool has_more =
        std::ranges::any_of(task.downstream, [&](TaskIndex next) { return counts_for_run(dag.tasks[next]); });
    if (!has_more && counts_for_run(task)) leaves.push_back(i);
  }
  if (leaves.empty()) {
    for (TaskIndex i = 0; i < dag.tasks.size(); ++i) {
      if (dag.tasks[i].downstream.empty()) leaves.push_back(i);
    }
  }
  return leaves;
}

}  // namespace leoflow::dag
