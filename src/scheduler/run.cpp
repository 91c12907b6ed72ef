#include <algorithm>
#include <fmt/format.h>

#include "scheduler/model.hpp"

// The instances of a run's tasks and what is counted over them.
namespace leoflow::scheduler {

std::uint32_t Run::instance_count(TaskIndex task) const {
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(families[task].mapped.size()));
}

std::uint32_t Run::instance(TaskIndex task, std::uint32_t nth) const {
  return families[task].mapped.empty() ? task : families[task].mapped[nth];
}

TaskInstance* Run::find(std::string_view task_id, int map_index) {
  const auto task = graph->find_task(task_id);
  if (!task) return nullptr;
  const auto& mapped = families[*task].mapped;
  if (mapped.empty()) return tasks[*task].map_index == map_index ? &tasks[*task] : nullptr;
  if (map_index < 0 || static_cast<std::size_t>(map_index) >= mapped.size()) return nullptr;
  return &tasks[mapped[static_cast<std::size_t>(map_index)]];
}

Result<std::vector<TaskRef>> Run::find_all(const std::vector<std::pair<std::string, int>>& names) {
  std::vector<TaskRef> found;
  for (const auto& [task_id, map_index] : names) {
    const TaskInstance* ti = find(task_id, map_index);
    if (ti == nullptr) {
      return fail(ErrorCode::not_found, fmt::format("task instance '{}' (map index {}) of run '{}' not found",
                                                    task_id, map_index, run_id));
    }
    found.push_back(ref_to(*ti));
  }
  return found;
}

void Run::fill() {
  tasks.resize(graph->tasks.size());
  for (TaskIndex i = 0; i < tasks.size(); ++i) tasks[i].task = i;
}

void Run::index() {
  families.assign(graph->tasks.size(), {});
  unfinished = pending = 0;
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    const TaskInstance& ti = tasks[i];
    const dag::Task& task = task_of(ti);
    Family& family = families[ti.task];
    family.own.add(ti.state, task.is_setup);
    for (const TaskIndex next : task.downstream) families[next].upstream.add(ti.state, task.is_setup);
    if (ti.map_length != kNotPushed) ++family.pushed;
    if (ti.map_index >= 0) {
      const auto place = static_cast<std::size_t>(ti.map_index);
      if (family.mapped.size() <= place) family.mapped.resize(place + 1);
      family.mapped[place] = i;
    }
    if (is_finished(ti.state)) continue;
    ++unfinished;
    if (ti.state != TaskState::none) ++pending;
  }
}

std::uint32_t Run::grow(TaskIndex task, std::uint32_t count) {
  Family& family = families[task];
  const auto first_new = static_cast<std::uint32_t>(tasks.size());
  if (family.mapped.empty()) {
    tasks[task].map_index = 0;
    family.mapped.push_back(task);
  }
  const dag::Task& definition = graph->tasks[task];
  family.mapped.reserve(count);
  for (auto k = static_cast<std::uint32_t>(family.mapped.size()); k < count; ++k) {
    family.mapped.push_back(static_cast<std::uint32_t>(tasks.size()));
    TaskInstance& ti = tasks.emplace_back();
    ti.task = task;
    ti.map_index = static_cast<std::int32_t>(k);
    family.own.add(ti.state, definition.is_setup);
    for (const TaskIndex next : definition.downstream)
      families[next].upstream.add(ti.state, definition.is_setup);
    ++unfinished;
  }
  return first_new;
}

}  // namespace leoflow::scheduler
