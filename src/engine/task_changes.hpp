#pragma once

#include <string_view>

#include "scheduler/changes.hpp"
#include "store/sql.hpp"

/// dag_run.task_changes: what was worked out from the task instances of a finished run holds until it
/// changes.
namespace leoflow::engine {

/// To be called with every change of a task instance that may be one of a finished run.
void count_task_change(store::Session& session, std::string_view dag_id, std::string_view run_id);

/// The same for all that the scheduler changed; the runs that it changed themselves are counted with that.
void count_task_changes(store::Session& session, const scheduler::Changes& changes);

}  // namespace leoflow::engine
