#include <fmt/format.h>

#include "tasks/startup_details.hpp"
#include "tasks/task_service.hpp"

// Attempts of workers that have no agent: what an agent tells of its processes, they tell themselves.
// Source of the refusals: Airflow 3.3.2, execution_api/routes/task_instances.py.
namespace leoflow::tasks {
namespace {

struct AttemptRow {
  std::string state;
  std::string hostname;
  std::string unixname;
  std::int64_t pid = 0;
};

std::optional<AttemptRow> find_attempt_row(store::Session& session, const Uuid& id) {
  const store::Rows rows =
      session.query("SELECT state, hostname, unixname, pid FROM task_instance WHERE id = $1", {id});
  if (rows.empty()) return std::nullopt;
  const store::Row row = rows[0];
  return AttemptRow{row.find_text(0).value_or(""), row.find_text(1).value_or(""),
                    row.find_text(2).value_or(""), row.find_integer(3).value_or(0)};
}

Answer no_attempt() {
  return refused(404, "Task Instance not found", {{"reason", "not_found"}});
}

/// 410 for one that is history, since the same task instance goes on under another id.
Answer gone_or_unknown(store::Session& session, const Uuid& id) {
  if (session.query("SELECT 1 FROM task_instance_history WHERE id = $1", {id}).empty()) return no_attempt();
  return refused(410, "Task Instance not found, it may have been moved to the Task Instance History table",
                 {{"reason", "not_found"}});
}

}  // namespace

void TaskService::run_task(const Caller& caller, const json::value& request, const Reply& reply) {
  engine::AttemptStart start;
  start.attempt = caller.attempt;
  start.hostname = get_text(request, "hostname");
  start.unixname = get_text(request, "unixname");
  start.pid = static_cast<int>(get_integer(request, "pid", 0));
  start.at = find_time(request, "start_date").value_or(clock_.now());
  const auto before = find_attempt_row(*database_.read(), caller.attempt);
  // Its answer may have been lost, and it asks again.
  const bool is_same = before && before->state == "running" && before->hostname == start.hostname &&
                       before->unixname == start.unixname && before->pid == start.pid;
  engine_.begin_attempt(std::move(start), [before, is_same, reply](const engine::AttemptPermit& permit) {
    if (permit.is_begun || (permit.spec && is_same))
      return reply(result("TIRunContext", run_context(*permit.spec)));
    if (!before) return reply(no_attempt());
    // Somebody else was quicker.
    const std::string state = before->state == "queued" ? "running" : before->state;
    reply(refused(409, "TI was not in a state where it could be marked as running",
                  {{"reason", "invalid_state"}, {"previous_state", state}}));
  });
}

void TaskService::heartbeat(const Caller& caller, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const auto row = find_attempt_row(*session, caller.attempt);
  if (!row) return reply(gone_or_unknown(*session, caller.attempt));
  if (row->hostname != get_text(request, "hostname") || row->pid != get_integer(request, "pid", 0)) {
    return reply(refused(
        409, "TI is already running elsewhere",
        {{"reason", "running_elsewhere"}, {"current_hostname", row->hostname}, {"current_pid", row->pid}}));
  }
  if (row->state != "running") {
    return reply(refused(409, "TI is no longer in the running state and task should terminate",
                         {{"reason", "not_running"}, {"current_state", row->state}}));
  }
  engine_.attempts_alive({caller.attempt});
  reply(done());
}

}  // namespace leoflow::tasks
