#pragma once

#include "scheduler/changes.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// Writes what the scheduler changed. Idempotent within a transaction that is
/// repeated as a whole.
void record(store::Session& session, const scheduler::Changes& changes, Time now);

}  // namespace leoflow::engine
