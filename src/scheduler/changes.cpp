#include "scheduler/changes.hpp"

namespace leoflow::scheduler {

void Changes::clear_marks() const {
  for (Run* run : created) {
    run->is_new = false;
    run->dirty = false;
    for (TaskInstance& ti : run->tasks) ti.clear_marks();
  }
  for (const NewInstances& added : expanded) {
    for (std::uint32_t i = added.first; i < added.end; ++i) added.run->tasks[i].clear_marks();
  }
  for (Run* run : runs) run->dirty = false;
  for (const TaskRef& ref : tasks) ref.ti().clear_marks();
  for (DagEntry* dag : dags) dag->dirty = false;
  for (DagEntry* dag : asset_queues) dag->queue_is_dirty = false;
}

}  // namespace leoflow::scheduler
