#pragma once

#include <functional>

#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// What a decision may use. The session is for reading only, and outlives connections.
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
  /// Instead of `done`, if the database refuses what `record` writes. Without it `done` is called all the
  /// same: what was decided stands, and the log says what could not be written.
  std::function<void()> refused;
  /// By the database, when it was written last. The engine's own.
  bool was_refused = false;
};

}  // namespace leoflow::engine
