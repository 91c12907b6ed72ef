#include <fmt/format.h>

#include "dag/read_serialized.hpp"
#include "tasks/task_service.hpp"

// What other task instances did.
namespace leoflow::tasks {
namespace {

/// The tasks of the group that is asked for, in the newest version of the DAG. Errors: not_found.
Result<json::array> tasks_of_group(store::Session& session, const json::value& request) {
  const std::string dag_id = get_text(request, "dag_id");
  const std::string group_id = get_text(request, "task_group_id");
  const store::Rows rows = session.query(
      "SELECT v.serialized FROM dag d JOIN dag_version v ON v.id = d.current_version_id WHERE d.dag_id = $1",
      {dag_id});
  const auto parsed = rows.empty() ? std::nullopt : std::optional(parse_json(rows[0].text(0)));
  const auto dag = parsed && *parsed ? std::optional(dag::read_serialized(**parsed)) : std::nullopt;
  if (dag && *dag) {
    const dag::Dag& graph = ***dag;
    if (const auto group = graph.groups.find(group_id); group != graph.groups.end()) {
      json::array out;
      for (const dag::TaskIndex task : group->second) out.emplace_back(graph.tasks[task].task_id);
      return out;
    }
  }
  return fail(ErrorCode::not_found, fmt::format("Task group {} not found in DAG {}", group_id, dag_id));
}

/// The conditions that GetTICount and GetTaskStates share. Errors: not_found (task group).
Result<Conditions> conditions_of(store::Session& session, const json::value& request) {
  Conditions where;
  where.equal("t.dag_id", get_text(request, "dag_id"));
  if (const auto map_index = find_integer(request, "map_index")) where.equal("t.map_index", *map_index);
  if (find_text(request, "task_group_id")) {
    auto tasks = tasks_of_group(session, request);
    if (!tasks) return std::unexpected(tasks.error());
    const json::value list(std::move(*tasks));
    where.any_of("t.task_id", &list);
  } else {
    where.any_of("t.task_id", find(request, "task_ids"));
  }
  where.any_time_of("r.logical_date", find(request, "logical_dates"));
  where.any_of("t.run_id", find(request, "run_ids"));
  where.any_state_of("t.state", find(request, "states"));
  return where;
}

constexpr std::string_view kFrom =
    " FROM task_instance t JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id";

}  // namespace

void TaskService::get_task_count(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const auto where = conditions_of(*session, request);
  if (!where) return reply(refused(where.error()));
  const store::Rows rows =
      session->query("SELECT COUNT(*)" + std::string(kFrom) + where->sql(), where->params());
  reply(result("TICount", {{"count", rows[0].integer(0)}}));
}

void TaskService::get_task_states(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const auto where = conditions_of(*session, request);
  if (!where) return reply(refused(where.error()));
  const store::Rows rows =
      session->query("SELECT t.run_id, t.task_id, t.map_index, t.state" + std::string(kFrom) + where->sql(),
                     where->params());
  json::object by_run;
  for (const store::Row row : rows) {
    const std::string name =
        row.integer(2) < 0 ? row.text(1) : row.text(1) + "_" + std::to_string(row.integer(2));
    json::value& run = by_run[row.text(0)];
    if (!run.is_object()) run = json::object();
    run.get_object()[name] = to_json(row.find_text(3));
  }
  reply(result("TaskStatesResult", {{"task_states", std::move(by_run)}}));
}

void TaskService::get_breadcrumbs(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows = session->query(
      "SELECT task_id, map_index, state, operator, start_date, end_date FROM task_instance"
      " WHERE dag_id = $1 AND run_id = $2 AND state IN ('success', 'failed', 'skipped', 'upstream_failed', "
      "'removed') ORDER BY task_id, map_index",
      {get_text(request, "dag_id"), get_text(request, "run_id")});
  json::array breadcrumbs;
  for (const store::Row row : rows) {
    const auto start = row.find_time(4);
    const auto end = row.find_time(5);
    json::value duration = nullptr;
    if (start && end) duration = static_cast<double>((*end - *start).count()) / 1e6;
    breadcrumbs.push_back(json::object{{"task_id", row.text(0)},
                                       {"map_index", row.integer(1)},
                                       {"state", to_json(row.find_text(2))},
                                       {"operator", row.text(3)},
                                       {"duration", duration}});
  }
  reply(result("TaskBreadcrumbsResult", {{"breadcrumbs", std::move(breadcrumbs)}}));
}

void TaskService::get_previous_task(const Caller&, const json::value& request, const Reply& reply) {
  const auto date = find_time(request, "logical_date");
  const auto state = find_text(request, "state");
  const auto session = database_.read();
  const store::Rows rows = session->query(
      "SELECT t.task_id, t.dag_id, t.run_id, r.logical_date, t.start_date, t.end_date, t.state, t.try_number,"
      " t.map_index" +
          std::string(kFrom) +
          " WHERE t.dag_id = $1 AND t.task_id = $2 AND t.map_index = $3"
          " AND (CAST($4 AS BIGINT) IS NULL OR r.logical_date < $4)"
          " AND (CAST($5 AS TEXT) IS NULL OR t.state = $5) ORDER BY r.logical_date DESC LIMIT 1",
      {get_text(request, "dag_id"), get_text(request, "task_id"), get_integer(request, "map_index", -1), date,
       state});
  json::value found = nullptr;
  if (!rows.empty()) {
    const store::Row row = rows[0];
    const auto start = row.find_time(4);
    const auto end = row.find_time(5);
    json::value duration = nullptr;
    if (start && end) duration = static_cast<double>((*end - *start).count()) / 1e6;
    found = json::object{{"task_id", row.text(0)},
                         {"dag_id", row.text(1)},
                         {"run_id", row.text(2)},
                         {"logical_date", to_json(row.find_time(3))},
                         {"start_date", to_json(start)},
                         {"end_date", to_json(end)},
                         {"state", to_json(row.find_text(6))},
                         {"try_number", row.integer(7)},
                         {"map_index", row.integer(8)},
                         {"duration", duration}};
  }
  reply(result("PreviousTIResult", {{"task_instance", std::move(found)}}));
}

void TaskService::get_reschedule_start(const Caller& caller, const json::value&, const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows =
      session->query("SELECT first_start_date FROM task_instance WHERE id = $1", {caller.attempt});
  const auto first = rows.empty() ? std::nullopt : rows[0].find_time(0);
  reply(result("TaskRescheduleStartDate", {{"start_date", to_json(first)}}));
}

}  // namespace leoflow::tasks
