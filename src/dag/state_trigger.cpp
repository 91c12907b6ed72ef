#include "dag/state_trigger.hpp"

#include <cmath>

#include "dag/encoded.hpp"

// Source: the standard provider's WorkflowTrigger and DagStateTrigger; the SDK's serde for their arguments.
namespace leoflow::dag {
namespace {

constexpr std::string_view kWorkflow = "airflow.providers.standard.triggers.external_task.WorkflowTrigger";
constexpr std::string_view kDagState = "airflow.providers.standard.triggers.external_task.DagStateTrigger";

/// A list, or a set or tuple in the SDK's wrapping.
const json::array& items(const json::value& kwargs, std::string_view key) {
  static const json::array kNone;
  const json::value& value = child(kwargs, key);
  const json::value& inner = value.is_object() ? child(value, "__data__") : value;
  return inner.is_array() ? inner.get_array() : kNone;
}

std::vector<std::string> texts(const json::value& kwargs, std::string_view key) {
  std::vector<std::string> out;
  for (const json::value& item : items(kwargs, key)) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

std::vector<Time> dates(const json::value& kwargs, std::string_view key) {
  std::vector<Time> out;
  for (const json::value& item : items(kwargs, key)) {
    const json::value& timestamp = child(child(item, "__data__"), "timestamp");
    if (timestamp.is_number()) out.push_back(from_micros(std::llround(timestamp.to_number<double>() * 1e6)));
  }
  return out;
}

}  // namespace

std::optional<StateTrigger> as_state_trigger(const TriggerCall& call) {
  const bool is_workflow = call.classpath == kWorkflow;
  if (!is_workflow && call.classpath != kDagState) return std::nullopt;
  const auto kwargs = parse_json(call.kwargs);
  if (!kwargs || !kwargs->is_object()) return std::nullopt;
  StateTrigger trigger;
  trigger.run_ids = texts(*kwargs, "run_ids");
  if (!is_workflow) {
    trigger.dag_id = get_text(*kwargs, "dag_id");
    trigger.allowed = texts(*kwargs, "states");
    trigger.told_with = kwargs->get_object();
    // Without ids Airflow's waits for ever; so does the one in Python.
    return trigger.run_ids.empty() ? std::nullopt : std::optional(std::move(trigger));
  }
  trigger.dag_id = get_text(*kwargs, "external_dag_id");
  trigger.logical_dates = dates(*kwargs, "logical_dates");
  trigger.task_ids = texts(*kwargs, "external_task_ids");
  if (trigger.task_ids.empty()) trigger.group_id = get_text(*kwargs, "external_task_group_id");
  trigger.allowed = texts(*kwargs, "allowed_states");
  trigger.failed = texts(*kwargs, "failed_states");
  trigger.skipped = texts(*kwargs, "skipped_states");
  return trigger;
}

json::value encode_run_states(const StateTrigger& trigger, const json::object& run_states) {
  json::object told = *trigger.told_with;
  for (const auto& [run_id, state] : run_states) told[run_id] = state;
  return json::object{{"__classname__", "builtins.tuple"},
                      {"__version__", 1},
                      {"__data__", json::array{kDagState, std::move(told)}}};
}

}  // namespace leoflow::dag
