#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_set>

#include "engine/ports.hpp"
#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// The triggers that run because assets are watched, and the assets of each.
/// Only touched on the engine's thread.
class Watchers {
 public:
  struct Watched {
    WatcherSpec spec;
    std::set<dag::AssetKey> assets;
  };
  struct Difference {
    std::vector<WatcherSpec> start;
    std::vector<Uuid> stop;
  };

  /// After a restart: which events came before.
  void load(store::Session& session);
  /// Compares with what the schedules of DAGs that run ask for now.
  /// One whose DAG has moved to another version is stopped and started there.
  /// @param home_of  tells where a DAG's newest files are.
  Difference refresh(const scheduler::Scheduler& scheduler,
                     const std::function<PythonHome(const std::string&)>& home_of);
  /// Whose changes an event of that trigger is; none for an event that came before.
  std::set<dag::AssetKey> assets_of(const Uuid& id, const std::string& event_id);

 private:
  /// @returns whether it is a new one.
  bool remember(const std::string& event_id);

  std::map<Uuid, Watched> watched_;
  /// The newest event ids, oldest first: agents say an event again until it is acknowledged.
  std::deque<std::string> seen_;
  std::unordered_set<std::string> is_seen_;
};

}  // namespace leoflow::engine
