#pragma once

#include "scheduler/changes.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// A callback is stored with what it is for, until it is done.
void write_callback(store::Session& session, const scheduler::Callback& callback, Time now);

}  // namespace leoflow::engine
