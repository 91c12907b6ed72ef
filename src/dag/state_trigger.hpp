#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dag/trigger_call.hpp"

namespace leoflow::dag {

/// A trigger that needs no Python: it waits for states of a DAG's runs, or of tasks of them.
struct StateTrigger {
  std::string dag_id;
  std::vector<std::string> run_ids;
  std::vector<Time> logical_dates;    ///< instead of run_ids
  std::vector<std::string> task_ids;  ///< empty: their group's, or the runs themselves
  std::string group_id;
  std::vector<std::string> allowed;  ///< states; none: any
  std::vector<std::string> failed;   ///< looked at first
  std::vector<std::string> skipped;  ///< then these
  /// What the event is made of, if it is to tell the state of each run; else it tells how the wait ended.
  std::optional<json::object> told_with;

  std::size_t runs() const { return run_ids.empty() ? logical_dates.size() : run_ids.size(); }
};

/// Nothing for a trigger of another kind.
std::optional<StateTrigger> as_state_trigger(const TriggerCall& call);

/// The trigger's event, as the SDK serializes it. @param run_states  by run id.
json::value encode_run_states(const StateTrigger& trigger, const json::object& run_states);

}  // namespace leoflow::dag
