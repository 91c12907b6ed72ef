#pragma once

#include <functional>

#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// What a decision may use. The session is the writer's, outside a transaction:
/// for reading only.
struct Deciding {
  scheduler::Scheduler& scheduler;
  store::Session& session;
  Time now;
};

/// One unit that goes through the engine. Each part may be empty.
struct Item {
  /// Decides in memory; runs exactly once.
  std::function<void(Deciding&)> decide;
  /// Writes; inside the group's transaction. Runs again when the database was
  /// away in between, so it must not remember that it ran.
  std::function<void(store::Session&)> record;
  /// After the commit.
  std::function<void()> done;
};

}  // namespace leoflow::engine
