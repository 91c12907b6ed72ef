#include "api/core/notes.hpp"

#include <set>
#include <string_view>
#include <utility>

#include "engine/task_changes.hpp"

namespace leoflow::api {

Result<void> set_run_note(Call& call, const std::string& dag_id, const std::string& run_id,
                          const std::optional<std::string>& note) {
  return call.api.commands.write([&, at = call.now()](store::Session& session) -> Result<void> {
    session.execute(
        "UPDATE dag_run SET note = NULLIF($1, ''), note_user = $2, updated_at = $3 "
        "WHERE dag_id = $4 AND run_id = $5",
        {note, call.user.subject, at, dag_id, run_id});
    return {};
  });
}

Result<void> set_task_notes(Call& call, const std::vector<gen::TaskInstanceResponse>& tasks,
                            const std::optional<std::string>& note) {
  return call.api.commands.write([&, at = call.now()](store::Session& session) -> Result<void> {
    std::vector<store::Params> rows;
    std::set<std::pair<std::string_view, std::string_view>> runs;
    for (const auto& task : tasks) {
      runs.emplace(task.dag_id, task.dag_run_id);
      rows.push_back(
          {note, call.user.subject, at, task.dag_id, task.dag_run_id, task.task_id, task.map_index});
    }
    session.execute_many(
        "UPDATE task_instance SET note = NULLIF($1, ''), note_user = $2, updated_at = $3 "
        "WHERE dag_id = $4 AND run_id = $5 AND task_id = $6 AND map_index = $7",
        rows);
    for (const auto& [dag, run] : runs) engine::count_task_change(session, dag, run);
    return {};
  });
}

}  // namespace leoflow::api
