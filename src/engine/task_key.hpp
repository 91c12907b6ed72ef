#pragma once

#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// The parameters that name a task instance in all tables: dag_id, run_id, task_id, map_index.
inline store::Params key_of(const scheduler::TaskRef& ref) {
  return {ref.run->dag->dag_id, ref.run->run_id, ref.task().task_id, int{ref.ti().map_index}};
}

}  // namespace leoflow::engine
