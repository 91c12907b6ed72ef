#include "scheduler/changes.hpp"

namespace leoflow::scheduler {

std::optional<int> NewInstances::first_index() const {
  if (was_unmapped) return 0;
  const int index = run->tasks[first].map_index;
  return index < 0 ? std::nullopt : std::optional(index);
}

void Changes::clear_marks() const {
  for (Run* run : created) {
    run->is_new = false;
    run->dirty = false;
    for (TaskInstance& ti : run->tasks) ti.clear_marks();
  }
  for (const NewInstances& added : expanded) {
    for (std::uint32_t i = added.first; i < added.end; ++i) added.run->tasks[i].clear_marks();
    // Others stand in their place now.
    if (const auto first = added.first_index(); first && !added.run->left_out.empty()) {
      const std::string& task_id = added.run->graph->tasks[added.task].task_id;
      std::erase_if(added.run->left_out, [&](const auto& left) {
        return left.first.first == task_id && left.first.second >= *first;
      });
    }
  }
  for (Run* run : runs) run->dirty = false;
  for (const TaskRef& ref : tasks) ref.ti().clear_marks();
  for (DagEntry* dag : dags) dag->dirty = false;
  for (DagEntry* dag : asset_queues) dag->queue_is_dirty = false;
}

}  // namespace leoflow::scheduler
