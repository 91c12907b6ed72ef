#include <fmt/format.h>

#include "tasks/task_service.hpp"

// Runs of this and other DAGs, and starting one.
namespace leoflow::tasks {
namespace {

constexpr std::string_view kColumns =
    "SELECT dag_id, run_id, logical_date, data_interval_start, data_interval_end, run_after, start_date, "
    "end_date,"
    " run_type, state, conf, triggering_user_name, partition_key, note, clear_number, partition_date FROM"
    " dag_run";

json::object run_fields(store::Session& session, store::Row row) {
  auto conf = parse_json(row.text(10));
  json::value consumed = json::array();
  if (row.text(8) == to_text(dag::RunType::asset_triggered)) {
    consumed = parse_json(engine::consumed_events(session, row.text(0), row.text(1))).value();
  }
  return {{"dag_id", row.text(0)},
          {"run_id", row.text(1)},
          {"logical_date", to_json(row.find_time(2))},
          {"data_interval_start", to_json(row.find_time(3))},
          {"data_interval_end", to_json(row.find_time(4))},
          {"run_after", to_iso_z(row.time(5))},
          {"start_date", to_json(row.find_time(6))},
          {"end_date", to_json(row.find_time(7))},
          {"run_type", row.text(8)},
          {"state", row.text(9)},
          {"conf", conf ? std::move(*conf) : json::value(nullptr)},
          {"triggering_user_name", to_json(row.find_text(11))},
          {"partition_key", to_json(row.find_text(12))},
          {"partition_date", to_json(row.find_time(15))},
          {"note", to_json(row.find_text(13))},
          {"clear_number", row.integer(14)},
          {"consumed_asset_events", std::move(consumed)}};
}

std::string name_of(const json::value& request) {
  return fmt::format("run '{}' of DAG '{}'", get_text(request, "run_id"), get_text(request, "dag_id"));
}

}  // namespace

void TaskService::get_dag(const Caller&, const json::value& request, const Reply& reply) {
  const std::string dag_id = get_text(request, "dag_id");
  const auto session = database_.read();
  const store::Rows rows = session->query(
      "SELECT is_paused, bundle_name, relative_fileloc, owners, next_dagrun_logical_date FROM dag WHERE "
      "dag_id = $1",
      {dag_id});
  if (rows.empty()) return reply(refused(404, fmt::format("DAG '{}' not found", dag_id)));
  json::array tags;
  for (const store::Row tag :
       session->query("SELECT name FROM dag_tag WHERE dag_id = $1 ORDER BY name", {dag_id})) {
    tags.emplace_back(tag.text(0));
  }
  const store::Row row = rows[0];
  reply(result("DagResult", {{"dag_id", dag_id},
                             {"is_paused", row.boolean(0)},
                             {"bundle_name", row.text(1)},
                             {"bundle_version", nullptr},
                             {"relative_fileloc", row.text(2)},
                             {"owners", row.text(3)},
                             {"tags", std::move(tags)},
                             {"next_dagrun", to_json(row.find_time(4))}}));
}

void TaskService::get_dag_run(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows = session->query(std::string(kColumns) + " WHERE dag_id = $1 AND run_id = $2",
                                          {get_text(request, "dag_id"), get_text(request, "run_id")});
  if (rows.empty()) return reply(refused(404, name_of(request) + " not found"));
  reply(result("DagRunResult", run_fields(*session, rows[0])));
}

void TaskService::get_dag_run_state(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows = session->query("SELECT state FROM dag_run WHERE dag_id = $1 AND run_id = $2",
                                          {get_text(request, "dag_id"), get_text(request, "run_id")});
  if (rows.empty()) return reply(refused(404, name_of(request) + " not found"));
  reply(result("DagRunStateResult", {{"state", rows[0].text(0)}}));
}

void TaskService::get_dag_run_count(const Caller&, const json::value& request, const Reply& reply) {
  Conditions where;
  where.equal("dag_id", get_text(request, "dag_id"));
  where.any_time_of("logical_date", find(request, "logical_dates"));
  where.any_of("run_id", find(request, "run_ids"));
  where.any_of("state", find(request, "states"));
  const auto session = database_.read();
  const store::Rows rows = session->query("SELECT COUNT(*) FROM dag_run" + where.sql(), where.params());
  reply(result("DRCount", {{"count", rows[0].integer(0)}}));
}

void TaskService::get_previous_dag_run(const Caller&, const json::value& request, const Reply& reply) {
  const auto date = find_time(request, "logical_date");
  const auto state = find_text(request, "state");
  const auto session = database_.read();
  const store::Rows rows = session->query(
      std::string(kColumns) +
          " WHERE dag_id = $1 AND logical_date < $2 AND (CAST($3 AS TEXT) IS NULL OR state = $3)"
          " ORDER BY logical_date DESC LIMIT 1",
      {get_text(request, "dag_id"), date, state});
  json::object fields;
  fields["dag_run"] = rows.empty() ? json::value(nullptr) : json::value(run_fields(*session, rows[0]));
  reply(result("PreviousDagRunResult", std::move(fields)));
}

void TaskService::get_previous_successful_dag_run(const Caller& caller, const json::value&,
                                                  const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows = session->query(
      "SELECT p.data_interval_start, p.data_interval_end, p.start_date, p.end_date FROM task_instance t"
      " JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id"
      " JOIN dag_run p ON p.dag_id = r.dag_id AND p.state = 'success' AND p.logical_date < r.logical_date"
      " WHERE t.id = $1 ORDER BY p.logical_date DESC LIMIT 1",
      {caller.attempt});
  json::object fields;
  if (!rows.empty()) {
    fields = {{"data_interval_start", to_json(rows[0].find_time(0))},
              {"data_interval_end", to_json(rows[0].find_time(1))},
              {"start_date", to_json(rows[0].find_time(2))},
              {"end_date", to_json(rows[0].find_time(3))}};
  }
  reply(result("PrevSuccessfulDagRunResult", std::move(fields)));
}

void TaskService::trigger_dag_run(const Caller& caller, const json::value& request, const Reply& reply) {
  if (caller.attempt.is_nil())
    return reply(refused(403, "a DAG file cannot trigger runs while it is parsed"));
  engine::TriggerRun command;
  command.dag_id = get_text(request, "dag_id");
  command.run_id = find_text(request, "run_id");
  command.logical_date = find_time(request, "logical_date");
  command.run_after = find_time(request, "run_after");
  command.note = find_text(request, "note");
  command.partition_key = find_text(request, "partition_key");
  command.run_type = "operator_triggered";
  command.triggered_by = "operator";
  command.user = user_of_run(caller);
  if (const json::value* conf = find(request, "conf"); conf != nullptr && conf->is_object()) {
    command.conf = conf->get_object();
  }
  const auto triggered = engine_.trigger_run(std::move(command));
  if (triggered) return reply(result("OKResponse", {{"ok", true}}));
  if (triggered.error().code != ErrorCode::conflict) return reply(refused(triggered.error()));
  // The answer was lost, and the run must not begin twice.
  if (caller.may_repeat && has_begun_run(caller, request)) return reply(result("OKResponse", {{"ok", true}}));
  if (!get_bool(request, "reset_dag_run", false)) return reply(missing("DAGRUN_ALREADY_EXISTS", {}));
  const auto cleared = clear_run(get_text(request, "dag_id"), get_text(request, "run_id"));
  reply(cleared ? result("OKResponse", {{"ok", true}}) : refused(cleared.error()));
}

bool TaskService::has_begun_run(const Caller& caller, const json::value& request) {
  const auto session = database_.read();
  return !session
              ->query(
                  "SELECT 1 FROM dag_run r JOIN task_instance t ON t.id = $1 WHERE r.dag_id = $2 AND"
                  " r.run_id = $3 AND r.run_type = 'operator_triggered' AND r.queued_at >= t.start_date",
                  {caller.attempt, get_text(request, "dag_id"), get_text(request, "run_id")})
              .empty();
}

void TaskService::clear_dag_run(const Caller&, const json::value& request, const Reply& reply) {
  const auto cleared = clear_run(get_text(request, "dag_id"), get_text(request, "run_id"));
  reply(cleared ? result("OKResponse", {{"ok", true}}) : refused(cleared.error()));
}

std::optional<std::string> TaskService::user_of_run(const Caller& caller) {
  const auto session = database_.read();
  const store::Rows rows = session->query(
      "SELECT r.triggering_user_name FROM task_instance t JOIN dag_run r ON r.dag_id = t.dag_id"
      " AND r.run_id = t.run_id WHERE t.id = $1",
      {caller.attempt});
  return rows.empty() ? std::nullopt : rows[0].find_text(0);
}

Result<void> TaskService::clear_run(const std::string& dag_id, const std::string& run_id) {
  engine::ClearTasks command;
  command.dag_id = dag_id;
  {
    const auto session = database_.read();
    for (const store::Row row :
         session->query("SELECT task_id, map_index FROM task_instance WHERE dag_id = $1 AND run_id = $2",
                        {dag_id, run_id})) {
      command.tasks.push_back({run_id, row.text(0), static_cast<int>(row.integer(1))});
    }
  }
  if (command.tasks.empty()) {
    return fail(ErrorCode::not_found, fmt::format("run '{}' of DAG '{}' not found", run_id, dag_id));
  }
  return engine_.clear_tasks(std::move(command));
}

}  // namespace leoflow::tasks
