#include <algorithm>
#include <map>
#include <utility>

#include "scheduler/scheduler.hpp"

// A run goes on with another version of its DAG.
// Source: Airflow 3.3.2, clear_task_instances, DagRun.verify_integrity.
namespace leoflow::scheduler {

bool Scheduler::move_to_newest(Run& run, Time now) {
  if (run.version_id == run.dag->version_id) return true;
  const bool is_noted = run.is_new || std::ranges::any_of(run.tasks, &TaskInstance::dirty);
  if (is_noted || run.pending > 0 || run.gate.active > 0) return false;

  std::map<std::pair<std::string, int>, TaskInstance> before;
  std::map<std::pair<std::string, int>, SkipDecision> skips;
  for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
    const std::pair name(run.task_of(run.tasks[i]).task_id, int{run.tasks[i].map_index});
    before.emplace(name, run.tasks[i]);
    if (const auto found = run.skips.find(i); found != run.skips.end()) skips.emplace(name, found->second);
  }
  auto earlier = std::exchange(run.left_out, {});
  std::vector<std::uint32_t> returned;
  run.graph = run.dag->graph;
  run.version_id = run.dag->version_id;
  run.bundle_version = run.dag->bundle_version;
  run.tasks.clear();
  run.skips.clear();
  run.task_gates.clear();
  run.fill();
  const auto keep = [&](TaskIndex task, std::uint32_t place, int map_index) {
    const std::pair name(run.graph->tasks[task].task_id, map_index);
    auto found = before.extract(name);
    if (!found) {
      found = earlier.extract(name);
      if (!found) return false;
      found.mapped().state = TaskState::removed;
      returned.push_back(place);
    }
    run.tasks[place] = found.mapped();
    run.tasks[place].task = task;
    if (const auto skip = skips.find(found.key()); skip != skips.end()) run.skips[place] = skip->second;
    return true;
  };
  const auto is_there = [&](TaskIndex task, int map_index) {
    const std::pair name(run.graph->tasks[task].task_id, map_index);
    return before.contains(name) || earlier.contains(name);
  };
  for (TaskIndex task = 0; task < run.graph->tasks.size(); ++task) {
    const bool is_mapped = run.graph->tasks[task].needs_expansion();
    if (keep(task, task, is_mapped && !is_there(task, -1) ? 0 : -1)) continue;
    run.tasks[task].id = make_id_(now);
    run.tasks[task].max_tries = static_cast<std::uint16_t>(run.graph->tasks[task].retries);
    changes_.expanded.push_back({&run, task, false, task, task + 1});
  }
  for (TaskIndex task = 0; task < run.graph->tasks.size(); ++task) {
    if (run.tasks[task].map_index != 0) continue;
    for (int map_index = 1; is_there(task, map_index); ++map_index) {
      const auto place = static_cast<std::uint32_t>(run.tasks.size());
      run.tasks.emplace_back();
      keep(task, place, map_index);
    }
  }
  run.index();
  MovedRun moved{&run, {}};
  for (const auto& [name, ti] : before) moved.vanished.push_back(name);
  run.left_out = std::move(earlier);
  run.left_out.merge(before);
  for (const std::uint32_t place : returned) reset({&run, place}, now);
  changes_.moved.push_back(std::move(moved));
  note(run);
  return true;
}

}  // namespace leoflow::scheduler
