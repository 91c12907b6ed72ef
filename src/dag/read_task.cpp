#include "dag/read_task.hpp"

#include <fmt/format.h>

#include "dag/encoded.hpp"

namespace leoflow::dag {
namespace {

double read_backoff(const json::value& fields) {
  const json::value* value = find(fields, "retry_exponential_backoff");
  if (value == nullptr) return 0;
  if (value->is_bool()) return value->get_bool() ? 2.0 : 0;
  return value->is_number() ? value->to_number<double>() : 0;
}

bool has_entries(const json::value& fields, std::string_view key) {
  const json::value* value = find(fields, key);
  return value != nullptr && value->is_array() && !value->get_array().empty();
}

}  // namespace

json::value whole_task(const json::value& fields) {
  const json::value& partial = unwrap(child(fields, "partial_kwargs"));
  if (!partial.is_object() || !fields.is_object()) return fields;
  json::object whole = fields.get_object();
  for (const auto& [name, value] : partial.get_object()) whole.emplace(name, value);
  return whole;
}

Result<Task> read_task(const json::value& fields) {
  Task task;
  task.task_id = get_text(fields, "task_id");
  if (task.task_id.empty()) return fail(ErrorCode::invalid, "a task has no task_id");
  task.display_name =
      get_text(fields, "_task_display_name", get_text(fields, "task_display_name", task.task_id));
  task.operator_class = get_text(fields, "task_type", "BaseOperator");
  task.operator_name = get_text(fields, "_operator_name", task.operator_class);
  task.pool = get_text(fields, "pool", task.pool);
  task.pool_slots = find_int(fields, "pool_slots").value_or(1);
  task.queue = get_text(fields, "queue", task.queue);
  task.executor = find_text(fields, "executor");
  const std::string rule = get_text(fields, "trigger_rule", "all_success");
  const auto parsed_rule = parse_trigger_rule(rule);
  if (!parsed_rule) {
    return fail(ErrorCode::invalid, fmt::format("task '{}': unknown trigger rule '{}'", task.task_id, rule));
  }
  task.trigger_rule = *parsed_rule;
  task.retries = find_int(fields, "retries").value_or(0);
  task.retry_delay = find_duration(fields, "retry_delay").value_or(task.retry_delay);
  task.retry_backoff = read_backoff(fields);
  task.max_retry_delay = find_duration(fields, "max_retry_delay");
  task.execution_timeout = find_duration(fields, "execution_timeout");
  task.start_date = find_date(fields, "start_date");
  task.end_date = find_date(fields, "end_date");
  task.priority_weight = find_int(fields, "priority_weight").value_or(1);
  if (const json::value& weights = child(fields, "__weights"); weights.is_array()) {
    for (const json::value& weight : weights.get_array()) {
      if (weight.is_number()) task.weights.push_back(weight.to_number<int>());
    }
    if (!task.weights.empty()) task.priority_weight = task.weights.front();
  }
  task.max_active_tis_per_dag = find_int(fields, "max_active_tis_per_dag");
  task.max_active_tis_per_dagrun = find_int(fields, "max_active_tis_per_dagrun");
  // wait_for_downstream includes it, as in the SDK.
  task.wait_for_downstream = get_bool(fields, "wait_for_downstream", false);
  task.depends_on_past = get_bool(fields, "depends_on_past", false) || task.wait_for_downstream;
  task.ignore_first_depends_on_past = get_bool(fields, "ignore_first_depends_on_past", false);
  task.wait_for_past_depends_before_skipping =
      get_bool(fields, "wait_for_past_depends_before_skipping", false);
  // Airflow itself starts mapped tasks in a worker all the same.
  if (get_bool(fields, "start_from_trigger", false) && !get_bool(fields, "_is_mapped", false)) {
    auto call = read_start_trigger(child(fields, "start_trigger_args"));
    if (!call) {
      return fail(call.error().code, fmt::format("task '{}': {}", task.task_id, call.error().message));
    }
    task.start_trigger = std::make_shared<const TriggerCall>(std::move(*call));
  }
  const json::value& executor_config = unwrap(child(fields, "executor_config"));
  task.pod_template_file = get_text(executor_config, "pod_template_file");
  const json::value& override = unwrap(child(executor_config, "pod_override"));
  if (override.is_object() && !override.get_object().empty())
    task.pod_override = std::make_shared<const json::value>(override);
  task.is_setup = get_bool(fields, "is_setup", false);
  task.is_teardown = get_bool(fields, "is_teardown", false);
  task.on_failure_fail_dagrun = get_bool(fields, "on_failure_fail_dagrun", false);
  task.has_on_retry_callback = get_bool(fields, "has_on_retry_callback", false);
  task.has_on_failure_callback = get_bool(fields, "has_on_failure_callback", false);
  const bool has_email = !child(fields, "email").is_null();
  task.emails_on_retry = has_email && get_bool(fields, "email_on_retry", true);
  task.emails_on_failure = has_email && get_bool(fields, "email_on_failure", true);
  task.can_skip_downstream = get_bool(fields, "_can_skip_downstream", false);
  task.runs_in_engine = get_bool(fields, "_is_empty", false) &&
                        !get_bool(fields, "has_on_execute_callback", false) &&
                        !get_bool(fields, "has_on_success_callback", false) &&
                        !has_entries(fields, "outlets") && !has_entries(fields, "inlets");
  return task;
}

Result<WeightRule> read_weight_rule(const json::value& fields) {
  const json::value* rule = find(fields, "weight_rule");
  const std::string name = rule == nullptr ? "downstream" : get_text(fields, "weight_rule");
  if (name == "downstream") return WeightRule::downstream;
  if (name == "upstream") return WeightRule::upstream;
  if (name == "absolute") return WeightRule::absolute;
  // Evaluated when the DAG was parsed (leoflow_worker/custom_classes.py).
  if (has_entries(fields, "__weights")) return WeightRule::custom;
  return fail(ErrorCode::invalid, fmt::format("task '{}': the weight_rule '{}' was not evaluated",
                                              get_text(fields, "task_id"), name));
}

}  // namespace leoflow::dag
