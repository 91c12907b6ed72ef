#pragma once

#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

/// Backfills between the scheduler and the store.
namespace leoflow::engine {

/// Before the runs are read: theirs are told apart by it.
void recover_backfills(scheduler::Scheduler& scheduler, store::Session& session);

/// Runs that run again for one, and those that are complete.
void write_backfills(store::Session& session, const scheduler::Changes& changes, Time now);

}  // namespace leoflow::engine
