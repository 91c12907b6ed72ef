#pragma once

#include <cstdint>
#include <string_view>

#include "scheduler/changes.hpp"
#include "store/sql.hpp"

/// dag_run.task_changes: what was worked out from the task instances of a finished run holds until it
/// changes. dag.task_instance_count: how many there are, so that nobody has to count a million of them.
namespace leoflow::engine {

/// To be called with every change of a task instance that may be one of a finished run.
void count_task_change(store::Session& session, std::string_view dag_id, std::string_view run_id);

/// The same for all that the scheduler changed; the runs that it changed themselves are counted with that.
void count_task_changes(store::Session& session, const scheduler::Changes& changes);

/// To be called with all that are added to runs that are there, or deleted without their run.
/// @param more negative for fewer.
void count_new_tasks(store::Session& session, std::string_view dag_id, std::int64_t more);

}  // namespace leoflow::engine
