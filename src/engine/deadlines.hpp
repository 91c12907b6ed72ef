#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "engine/ports.hpp"
#include "scheduler/changes.hpp"
#include "store/sql.hpp"

/// Deadlines of runs. They live in the store only: the engine knows when the next one is.
namespace leoflow::engine {

/// What a version of a DAG says of deadlines, in the place of what it said before.
void write_deadline_alerts(store::Session& session, const std::string& version_id, const dag::Dag& dag,
                           Time now);
/// The value of a variable, if there is one.
using VariableReader = std::function<std::optional<std::string>(store::Session&, const std::string& key)>;
/// New runs get theirs; those of runs that succeeded in time go.
/// @returns whether the next one may be another now.
bool write_deadlines(store::Session& session, const scheduler::Changes& changes,
                     const VariableReader& variables, Time now);
std::optional<Time> next_deadline(store::Session& session);

/// A deadline that passed, whose callback nobody has run to its end yet.
struct MissedDeadline {
  Uuid id;
  Time time;
  std::string dag_id;
  std::string run_id;
  std::string callback;  ///< JSON, as the SDK serialized it
};
/// Those that pass by `now`.
std::vector<MissedDeadline> due_deadlines(store::Session& session, Time now);
/// Those from before a restart.
std::vector<MissedDeadline> unfinished_deadlines(store::Session& session);
/// JSON: the run as its callback gets it.
json::object deadline_context(store::Session& session, const MissedDeadline& missed);

}  // namespace leoflow::engine
