#include "api/execution/task_rows.hpp"

namespace leoflow::api::execution {
namespace {

constexpr std::string_view kNoTask = "Task Instance not found";

}  // namespace

std::optional<std::string> find_task_state(Asking& asking) {
  const auto session = asking.services.database.read();
  const store::Rows rows = session->query("SELECT state FROM task_instance WHERE id = $1", {asking.task});
  return rows.empty() ? std::nullopt : std::optional(rows[0].find_text(0).value_or(""));
}

std::optional<std::string> find_told_state(Asking& asking) {
  if (auto state = find_task_state(asking)) return state;
  const auto session = asking.services.database.read();
  const store::Rows rows = session->query(
      "SELECT state FROM task_instance WHERE previous_id = $1"
      " AND state IN ('deferred', 'awaiting_input', 'up_for_reschedule')",
      {asking.task});
  return rows.empty() ? std::nullopt : std::optional(rows[0].text(0));
}

std::optional<http::Response> unknown_task(Asking& asking) {
  return find_task_state(asking) ? std::nullopt : std::optional(refuse(404, "not_found", kNoTask));
}

std::optional<http::Response> unknown_or_archived_task(Asking& asking) {
  auto refusal = unknown_task(asking);
  if (!refusal) return refusal;
  const auto session = asking.services.database.read();
  if (session->query("SELECT 1 FROM task_instance_history WHERE id = $1", {asking.task}).empty())
    return refusal;
  return refuse(410, "not_found",
                "Task Instance not found, it may have been moved to the Task Instance History table");
}

std::optional<http::Response> task_without_store(Asking& asking) {
  if (find_task_state(asking)) return std::nullopt;
  return refuse(404, "not_found", "Task instance " + asking.task.text() + " not found");
}

}  // namespace leoflow::api::execution
