#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "dag/state_trigger.hpp"
#include "scheduler/changes.hpp"
#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// Deferred task instances that wait for states of other runs, and which of them a change may concern.
/// Only touched on the engine's thread.
class AwaitedStates {
 public:
  void add(const Uuid& id, dag::StateTrigger trigger, std::string next_kwargs);
  /// @returns whether it was here.
  bool remove(const Uuid& id);

  struct Wait {
    dag::StateTrigger trigger;
    std::string next_kwargs;  ///< JSON object, without the event
  };
  const Wait* find(const Uuid& id) const;
  /// Those that wait for something of the runs that changed.
  std::set<Uuid> concerned(const scheduler::Changes& changes) const;

 private:
  using RunName = std::pair<std::string, std::string>;  ///< DAG, run id
  using RunDate = std::pair<std::string, Time>;         ///< DAG, logical date
  void look_up(const scheduler::Run& run, std::set<Uuid>& out) const;

  std::unordered_map<Uuid, Wait, UuidHash> waits_;
  std::map<RunName, std::set<Uuid>> by_name_;
  std::map<RunDate, std::set<Uuid>> by_date_;
};

/// What such a trigger says about the states as they are stored. Nothing if it waits on.
/// @param graph  of its DAG, for the tasks of a group; null if there is no such DAG.
std::optional<json::value> event_of(const dag::StateTrigger& trigger, const dag::Dag* graph,
                                    store::Session& session);

}  // namespace leoflow::engine
