#include "scheduler/changes.hpp"

namespace leoflow::scheduler {

void Changes::clear_marks() const {
  for (Run* run : created) {
    run->is_new = false;
    run->dirty = false;
    for (TaskInstance& ti : run->tasks) ti.dirty = ti.is_renamed = false;
  }
  for (const NewInstances& added : expanded) {
    for (std::uint32_t i = added.first; i < added.end; ++i)
      added.run->tasks[i].dirty = added.run->tasks[i].is_renamed = false;
  }
  for (Run* run : runs) run->dirty = false;
  for (const TaskRef& ref : tasks) ref.ti().dirty = ref.ti().is_renamed = false;
  for (DagEntry* dag : dags) dag->dirty = false;
  for (DagEntry* dag : asset_queues) dag->queue_is_dirty = false;
}

}  // namespace leoflow::scheduler
