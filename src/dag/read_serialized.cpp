#include "dag/read_serialized.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "dag/graph_order.hpp"
#include "dag/setups.hpp"

namespace leoflow::dag {
namespace {

/// The value inside {"__type": ..., "__var": ...}, or the value itself.
const json::value& unwrap(const json::value& value) {
  const json::value* inner = find(value, "__var");
  return inner == nullptr ? value : *inner;
}

std::optional<double> find_number(const json::value& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  const json::value& plain = unwrap(*value);
  return plain.is_number() ? std::optional(plain.to_number<double>()) : std::nullopt;
}

std::optional<Time> find_date(const json::value& object, std::string_view key) {
  const auto seconds = find_number(object, key);
  if (!seconds) return std::nullopt;
  return from_micros(static_cast<std::int64_t>(*seconds * 1e6));
}

std::optional<Duration> find_duration(const json::value& object, std::string_view key) {
  const auto seconds = find_number(object, key);
  if (!seconds) return std::nullopt;
  return Duration{static_cast<std::int64_t>(*seconds * 1e6)};
}

std::optional<int> find_int(const json::value& object, std::string_view key) {
  const auto number = find_number(object, key);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

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

/// What a task may ask for that the scheduler does not do yet; "" if nothing.
std::string unsupported_feature(const json::value& fields) {
  if (get_bool(fields, "_is_mapped", false)) return "dynamic task mapping";
  if (get_bool(fields, "_needs_expansion", false)) return "mapped task groups";
  if (get_bool(fields, "start_from_trigger", false)) return "start_from_trigger";
  if (get_bool(fields, "has_retry_policy", false)) return "retry_policy";
  if (const json::value* rule = find(fields, "weight_rule"); rule != nullptr && !rule->is_string()) {
    return "a custom weight rule";
  }
  return "";
}

Result<WeightRule> read_weight_rule(const json::value& fields) {
  std::string name = get_text(fields, "weight_rule", "downstream");
  if (name == "downstream") return WeightRule::downstream;
  if (name == "upstream") return WeightRule::upstream;
  if (name == "absolute") return WeightRule::absolute;
  return fail(ErrorCode::unsupported, fmt::format("weight_rule '{}' is not supported yet", name));
}

Result<Task> read_task(const json::value& fields) {
  Task task;
  task.task_id = get_text(fields, "task_id");
  if (task.task_id.empty()) return fail(ErrorCode::invalid, "a task has no task_id");
  if (const std::string feature = unsupported_feature(fields); !feature.empty()) {
    return fail(ErrorCode::unsupported,
                fmt::format("task '{}': {} is not supported yet", task.task_id, feature));
  }
  task.display_name = get_text(fields, "_task_display_name", task.task_id);
  task.operator_name = get_text(fields, "_operator_name", get_text(fields, "task_type", "BaseOperator"));
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
  task.max_active_tis_per_dag = find_int(fields, "max_active_tis_per_dag");
  task.max_active_tis_per_dagrun = find_int(fields, "max_active_tis_per_dagrun");
  // wait_for_downstream includes it, as in the SDK.
  task.wait_for_downstream = get_bool(fields, "wait_for_downstream", false);
  task.depends_on_past = get_bool(fields, "depends_on_past", false) || task.wait_for_downstream;
  task.ignore_first_depends_on_past = get_bool(fields, "ignore_first_depends_on_past", false);
  task.wait_for_past_depends_before_skipping =
      get_bool(fields, "wait_for_past_depends_before_skipping", false);
  task.is_setup = get_bool(fields, "is_setup", false);
  task.is_teardown = get_bool(fields, "is_teardown", false);
  task.on_failure_fail_dagrun = get_bool(fields, "on_failure_fail_dagrun", false);
  task.runs_in_engine = get_bool(fields, "_is_empty", false) &&
                        !get_bool(fields, "has_on_execute_callback", false) &&
                        !get_bool(fields, "has_on_success_callback", false) &&
                        !has_entries(fields, "outlets") && !has_entries(fields, "inlets");
  return task;
}

std::vector<std::string> read_texts(const json::value& object, std::string_view key) {
  std::vector<std::string> out;
  if (const json::value* list = find(object, key)) {
    const json::value& items = unwrap(*list);
    if (items.is_array()) {
      for (const json::value& item : items.get_array()) {
        if (item.is_string()) out.emplace_back(item.get_string());
      }
    }
  }
  return out;
}

/// Reads a whole DAG, step by step, into `dag_`.
class SerializedReader {
 public:
  /// @param defaults  task fields that a task leaves out; an object, or null.
  Result<std::shared_ptr<const Dag>> read(const json::value& fields, const json::value& defaults) {
    if (defaults.is_object()) defaults_ = defaults.get_object();
    dag_ = std::make_shared<Dag>();
    read_properties(fields);
    if (dag_->dag_id.empty()) return fail(ErrorCode::invalid, "the DAG has no dag_id");
    if (auto done = read_timetable_of(fields); !done) return std::unexpected(done.error());
    if (auto done = read_tasks(fields); !done) return std::unexpected(done.error());
    connect();
    if (const auto cycle = find_cycle(*dag_); !cycle.empty()) {
      return fail(ErrorCode::invalid, fmt::format("Cycle detected in Dag: {}", fmt::join(cycle, " -> ")));
    }
    weigh(*dag_, weight_rules_);
    connect_setups(*dag_);
    dag_->leaves = effective_leaves(*dag_);
    return std::shared_ptr<const Dag>(std::move(dag_));
  }

 private:
  void read_properties(const json::value& fields) {
    dag_->dag_id = get_text(fields, "dag_id");
    dag_->display_name = get_text(fields, "dag_display_name", dag_->dag_id);
    dag_->description = find_text(fields, "description");
    dag_->tags = read_texts(fields, "tags");
    dag_->relative_fileloc = get_text(fields, "relative_fileloc");
    dag_->start_date = find_date(fields, "start_date");
    dag_->end_date = find_date(fields, "end_date");
    dag_->catchup = get_bool(fields, "catchup", false);
    dag_->max_active_tasks = find_int(fields, "max_active_tasks").value_or(16);
    dag_->max_active_runs = find_int(fields, "max_active_runs").value_or(16);
    dag_->max_consecutive_failed_dag_runs = find_int(fields, "max_consecutive_failed_dag_runs").value_or(0);
    dag_->dagrun_timeout = find_duration(fields, "dagrun_timeout");
    dag_->fail_fast = get_bool(fields, "fail_fast", false);
    if (const json::value* paused = find(fields, "is_paused_upon_creation");
        paused != nullptr && paused->is_bool()) {
      dag_->is_paused_upon_creation = paused->get_bool();
    }
  }

  Result<void> read_timetable_of(const json::value& fields) {
    const json::value* encoded = find(fields, "timetable");
    if (encoded == nullptr) return fail(ErrorCode::invalid, "the DAG has no timetable");
    dag_->timetable_type = get_text(*encoded, "__type");
    auto timetable = read_timetable(*encoded);
    if (!timetable) return std::unexpected(timetable.error());
    dag_->timetable = std::move(*timetable);
    if (const auto limit = dag_->timetable->active_runs_limit()) {
      dag_->max_active_runs = std::min(dag_->max_active_runs, *limit);
    }
    return {};
  }

  Result<void> read_tasks(const json::value& fields) {
    const json::value* list = find(fields, "tasks");
    if (list == nullptr || !list->is_array()) return fail(ErrorCode::invalid, "the DAG has no list of tasks");
    std::set<std::string> owners;
    for (const json::value& entry : list->get_array()) {
      const json::value task_fields = with_defaults(unwrap(entry));
      auto task = read_task(task_fields);
      if (!task) return std::unexpected(task.error());
      const auto rule = read_weight_rule(task_fields);
      if (!rule) return std::unexpected(rule.error());
      const auto index = static_cast<TaskIndex>(dag_->tasks.size());
      if (!dag_->index_by_id.emplace(task->task_id, index).second) {
        return fail(ErrorCode::invalid, fmt::format("two tasks are named '{}'", task->task_id));
      }
      dag_->depends_on_past = dag_->depends_on_past || task->depends_on_past;
      owners.insert(get_text(task_fields, "owner", "airflow"));
      weight_rules_.push_back(*rule);
      downstream_ids_.push_back(read_texts(task_fields, "downstream_task_ids"));
      dag_->tasks.push_back(std::move(*task));
    }
    dag_->owners.assign(owners.begin(), owners.end());
    return {};
  }

  /// Airflow leaves out of a task what its configuration gives to all of them.
  json::value with_defaults(const json::value& fields) const {
    if (defaults_.empty() || !fields.is_object()) return fields;
    json::object whole = fields.get_object();
    for (const auto& [name, value] : defaults_) whole.emplace(name, value);
    return whole;
  }

  void connect() {
    for (TaskIndex from = 0; from < dag_->tasks.size(); ++from) {
      for (const std::string& id : downstream_ids_[from]) {
        const auto to = dag_->find_task(id);
        if (!to) continue;  // Airflow's own serializer never writes an edge to nowhere
        dag_->tasks[from].downstream.push_back(*to);
        dag_->tasks[*to].upstream.push_back(from);
      }
    }
  }

  std::shared_ptr<Dag> dag_;
  json::object defaults_;
  std::vector<WeightRule> weight_rules_;
  std::vector<std::vector<std::string>> downstream_ids_;
};

}  // namespace

Result<std::shared_ptr<const Dag>> read_serialized(const json::value& serialized) {
  const std::int64_t version = get_integer(serialized, "__version", 0);
  if (version != 3) {
    return fail(ErrorCode::unsupported,
                fmt::format("serialization version {} is not supported, only 3", version));
  }
  const json::value* fields = find(serialized, "dag");
  if (fields == nullptr) return fail(ErrorCode::invalid, "the serialized DAG has no 'dag'");
  const json::value* defaults = find(serialized, "client_defaults");
  const json::value* of_tasks = defaults == nullptr ? nullptr : find(*defaults, "tasks");
  return SerializedReader().read(*fields, of_tasks == nullptr ? json::value() : *of_tasks);
}

}  // namespace leoflow::dag
