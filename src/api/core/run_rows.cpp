#include "api/core/run_rows.hpp"

#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace leoflow::api {

const std::string_view kRunColumns =
    "r.run_id, r.dag_id, r.logical_date, r.queued_at, r.start_date, r.end_date, r.data_interval_start, "
    "r.data_interval_end, r.run_after, r.run_type, r.state, r.triggered_by, r.triggering_user_name, r.conf, "
    "r.note, "
    "r.bundle_version, d.dag_display_name, r.partition_key, r.partition_date, "
    "v.id, v.version_number, v.dag_id, v.bundle_name, v.bundle_version, v.created_at, d.dag_display_name";
const std::string_view kRunTables =
    "dag_run r JOIN dag d ON d.dag_id = r.dag_id LEFT JOIN dag_version v ON v.id = r.dag_version_id";

const std::string_view kTaskColumns =
    "t.id, t.task_id, t.dag_id, t.run_id, t.map_index, r.logical_date, r.run_after, t.start_date, "
    "t.end_date, t.state, "
    "t.try_number, t.max_tries, t.task_display_name, d.dag_display_name, t.hostname, t.unixname, t.pool, "
    "t.pool_slots, t.queue, t.priority_weight, t.operator, t.queued_at, t.scheduled_at, t.pid, t.executor, "
    "t.note, "
    "t.rendered_map_index, f.fields, "
    "v.id, v.version_number, v.dag_id, v.bundle_name, v.bundle_version, v.created_at, d.dag_display_name, "
    "p.classpath, p.created_at";
const std::string_view kTaskTables =
    "task_instance t JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id "
    "JOIN dag d ON d.dag_id = t.dag_id LEFT JOIN dag_version v ON v.id = t.dag_version_id "
    "LEFT JOIN rendered_fields f ON f.dag_id = t.dag_id AND f.run_id = t.run_id AND f.task_id = t.task_id "
    "AND f.map_index = t.map_index "
    "LEFT JOIN deferral p ON p.dag_id = t.dag_id AND p.run_id = t.run_id AND p.task_id = t.task_id "
    "AND p.map_index = t.map_index AND t.state = 'deferred'";

std::optional<double> seconds_between(const std::optional<Time>& start, const std::optional<Time>& end) {
  if (!start || !end) return std::nullopt;
  return static_cast<double>((*end - *start).count()) / 1e6;
}

gen::DAGRunResponse run_from(store::Row row) {
  gen::DAGRunResponse run;
  std::string conf;
  std::string triggered_by;
  store::Reader in(row);
  in >> run.dag_run_id >> run.dag_id >> run.logical_date >> run.queued_at >> run.start_date >> run.end_date;
  in >> run.data_interval_start >> run.data_interval_end >> run.run_after >> run.run_type >> run.state;
  in >> triggered_by >> run.triggering_user_name >> conf >> run.note >> run.bundle_version >>
      run.dag_display_name;
  in >> run.partition_key >> run.partition_date;
  run.triggered_by = triggered_by;
  run.last_scheduling_decision = run.start_date && run.end_date ? run.end_date : run.start_date;
  run.duration = seconds_between(run.start_date, run.end_date);
  run.conf = parse_json(conf).value_or(json::object());
  if (!row.is_null(19)) run.dag_versions.push_back(version_from(row, 19));
  return run;
}

Result<gen::DAGRunResponse> read_run(store::Session& session, std::string_view dag_id,
                                     std::string_view run_id) {
  const auto rows = session.query(
      fmt::format("SELECT {} FROM {} WHERE r.dag_id = $1 AND r.run_id = $2", kRunColumns, kRunTables),
      {dag_id, run_id});
  if (rows.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("The DagRun with dag_id: `{}` and run_id: `{}` was not found", dag_id, run_id));
  }
  return run_from(rows[0]);
}

std::optional<std::string> find_run_state(store::Session& session, std::string_view dag_id,
                                          std::string_view run_id) {
  const store::Rows rows =
      session.query("SELECT state FROM dag_run WHERE dag_id = $1 AND run_id = $2", {dag_id, run_id});
  return rows.empty() ? std::nullopt : std::optional(rows[0].text(0));
}

Result<void> require_run(store::Session& session, std::string_view dag_id, std::string_view run_id) {
  if (!find_run_state(session, dag_id, run_id)) {
    return fail(ErrorCode::not_found,
                fmt::format("The DagRun with dag_id: `{}` and run_id: `{}` was not found", dag_id, run_id));
  }
  return {};
}

namespace {

/// What it waits for, if that is a trigger. Its arguments are nobody's business: Airflow shows none either.
std::optional<gen::TriggerResponse> trigger_from(store::Row row, std::size_t first) {
  if (row.is_null(first) || row.text(first).empty()) return std::nullopt;
  gen::TriggerResponse trigger;
  trigger.classpath = row.text(first);
  trigger.kwargs = "{}";
  trigger.created_date = row.time(first + 1);
  // Triggers have no numbers here; when it came to be tells it from others, too.
  trigger.id = to_micros(trigger.created_date);
  return trigger;
}

}  // namespace

const std::string& server_user() {
  static const std::string name = user_name();
  return name;
}

gen::TaskInstanceResponse task_from(store::Row row) {
  gen::TaskInstanceResponse task;
  std::string queue;
  std::string operator_name;
  std::int64_t weight = 0;
  std::optional<std::string> fields;
  store::Reader in(row);
  in >> task.id >> task.task_id >> task.dag_id >> task.dag_run_id >> task.map_index >> task.logical_date;
  in >> task.run_after >> task.start_date >> task.end_date >> task.state >> task.try_number >> task.max_tries;
  in >> task.task_display_name >> task.dag_display_name >> task.hostname >> task.unixname >> task.pool;
  in >> task.pool_slots >> queue >> weight >> operator_name >> task.queued_when >> task.scheduled_when;
  in >> task.pid >> task.executor >> task.note >> task.rendered_map_index >> fields;
  if (!task.hostname) task.hostname = "";  // no worker yet
  if (!task.unixname) task.unixname = server_user();
  task.queue = queue;
  task.priority_weight = weight;
  task.operator_ = operator_name;
  task.operator_name = operator_name;
  task.executor_config = "{}";
  task.duration = seconds_between(task.start_date, task.end_date);
  if (!task.rendered_map_index && task.map_index >= 0)
    task.rendered_map_index = std::to_string(task.map_index);
  if (fields) task.rendered_fields = parse_json(*fields).value_or(json::object());
  if (!row.is_null(28)) task.dag_version = version_from(row, 28);
  task.trigger = trigger_from(row, 35);
  return task;
}

}  // namespace leoflow::api
