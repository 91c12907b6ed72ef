#include "dag/read_serialized.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "dag/encoded.hpp"
#include "dag/graph_order.hpp"
#include "dag/read_task.hpp"
#include "dag/setups.hpp"

namespace leoflow::dag {
namespace {

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
    auto deadlines = read_deadlines(child(fields, "deadline"));
    if (!deadlines) return std::unexpected(deadlines.error());
    dag_->deadlines = std::move(*deadlines);
    if (auto done = read_tasks(fields); !done) return std::unexpected(done.error());
    connect();
    auto grants = read_access_control(child(fields, "access_control"));
    if (!grants) return std::unexpected(grants.error());
    dag_->grants = std::move(*grants);
    if (auto done = read_groups(child(fields, "task_group"), std::nullopt); !done)
      return std::unexpected(done.error());
    if (auto done = read_expansions(); !done) return std::unexpected(done.error());
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
    dag_->params = read_params(child(fields, "params"));
    if (const json::value& types = child(fields, "allowed_run_types"); !types.is_null()) {
      dag_->allowed_run_types = read_texts(fields, "allowed_run_types");
    }
    dag_->fail_fast = get_bool(fields, "fail_fast", false);
    dag_->disable_bundle_versioning = get_bool(fields, "disable_bundle_versioning", false);
    dag_->has_on_success_callback = get_bool(fields, "has_on_success_callback", false);
    dag_->has_on_failure_callback = get_bool(fields, "has_on_failure_callback", false);
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
    if (const json::value& assets = child(unwrap(*encoded), "asset_condition"); !assets.is_null()) {
      auto condition = read_asset_condition(assets);
      if (!condition) return std::unexpected(condition.error());
      dag_->asset_condition = std::move(*condition);
    }
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
      const json::value task_fields = with_defaults(whole_task(unwrap(entry)));
      auto task = read_task(task_fields);
      if (!task) return std::unexpected(task.error());
      if (!task->start_date) task->start_date = dag_->start_date;
      if (!task->end_date) task->end_date = dag_->end_date;
      const auto rule = read_weight_rule(task_fields);
      if (!rule) return std::unexpected(rule.error());
      const auto index = static_cast<TaskIndex>(dag_->tasks.size());
      if (!dag_->index_by_id.emplace(task->task_id, index).second) {
        return fail(ErrorCode::invalid, fmt::format("two tasks are named '{}'", task->task_id));
      }
      dag_->depends_on_past = dag_->depends_on_past || task->depends_on_past;
      owners.insert(get_text(task_fields, "owner", "airflow"));
      for (const bool is_outlet : {false, true}) {
        if (auto done = read_task_assets(task_fields, index, is_outlet); !done) return done;
      }
      weight_rules_.push_back(*rule);
      downstream_ids_.push_back(read_texts(task_fields, "downstream_task_ids"));
      expand_inputs_.push_back(child(task_fields, get_text(task_fields, "_expand_input_attr")));
      dag_->tasks.push_back(std::move(*task));
    }
    if (owners.empty()) owners.insert("airflow");  // as of a task that names none
    dag_->owners.assign(owners.begin(), owners.end());
    return {};
  }

  Result<void> read_task_assets(const json::value& fields, TaskIndex task, bool is_outlet) {
    const json::value& list = child(fields, is_outlet ? "outlets" : "inlets");
    if (!list.is_array()) return {};
    for (const json::value& entry : list.get_array()) {
      // An inlet or outlet may be anything; what is no asset is the task's own business.
      auto leaf = read_asset_leaf(entry);
      if (leaf) dag_->task_assets.push_back({task, is_outlet, std::move(*leaf)});
    }
    return {};
  }

  /// Airflow leaves out of a task what its configuration gives to all of them.
  json::value with_defaults(json::value fields) const {
    if (!fields.is_object()) return fields;
    for (const auto& [name, value] : defaults_) fields.get_object().emplace(name, value);
    return fields;
  }

  /// Finds the mapped groups, and which of them each task is in.
  Result<void> read_groups(const json::value& group, std::optional<GroupIndex> around) {
    const std::string group_id = get_text(group, "_group_id");
    if (get_bool(group, "is_mapped", false)) {
      auto expansion = read_expansion(child(group, "expand_input"), *dag_);
      if (!expansion) return bad_expansion("task group", group_id, expansion.error());
      dag_->mapped_groups.push_back({group_id, around, std::move(*expansion)});
      around = static_cast<GroupIndex>(dag_->mapped_groups.size() - 1);
    }
    if (!group_id.empty()) around_.push_back(group_id);
    auto done = read_children(child(group, "children"), around);
    if (!group_id.empty()) around_.pop_back();
    return done;
  }

  Result<void> read_children(const json::value& children, std::optional<GroupIndex> around) {
    if (!children.is_object()) return {};
    for (const auto& [label, entry] : children.get_object()) {
      if (!entry.is_array() || entry.get_array().size() != 2) continue;
      const json::value& node = entry.get_array()[1];
      if (node.is_object()) {
        if (auto done = read_groups(node, around); !done) return done;
      } else if (const auto task = dag_->find_task(label); task && node.is_string()) {
        dag_->tasks[*task].mapped_group = around;
        for (const std::string& outer : around_) dag_->groups[outer].push_back(*task);
      }
    }
    return {};
  }

  Result<void> read_expansions() {
    for (TaskIndex i = 0; i < dag_->tasks.size(); ++i) {
      if (expand_inputs_[i].is_null()) continue;
      auto expansion = read_expansion(expand_inputs_[i], *dag_);
      if (!expansion) return bad_expansion("task", dag_->tasks[i].task_id, expansion.error());
      dag_->tasks[i].expansion = std::move(*expansion);
      note_sources(*dag_->tasks[i].expansion);
    }
    for (const MappedGroup& group : dag_->mapped_groups) note_sources(group.expansion);
    return {};
  }

  static Result<void> bad_expansion(std::string_view kind, const std::string& id, const Error& error) {
    return fail(ErrorCode::invalid, fmt::format("{} '{}': {}", kind, id, error.message));
  }

  void note_sources(const Expansion& expansion) {
    for (const TaskIndex source : expansion.sources) dag_->tasks[source].feeds_expansion = true;
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
  std::vector<std::string> around_;         ///< the groups around what is being read
  std::vector<json::value> expand_inputs_;  ///< of each task; null for one that is not mapped
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
