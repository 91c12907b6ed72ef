#include "tasks/task_service.hpp"

// Who may have which variable or connection, and that it is written down.
namespace leoflow::tasks {

bool TaskService::admit_to(SecretKind kind, const std::string& name, std::string_view event,
                           const Caller& caller) {
  const SecretRights rights = SecretRights::read(*database_.read(), caller, scope_);
  if (rights.is_unlimited()) return true;
  const bool may = rights.may_use(kind, name);
  const std::string extra = json::serialize(json::object{{kind_name(kind), name}, {"granted", may}});
  engine_.write_later([rights, extra, event = std::string(event),
                       now = clock_.now()](store::Session& session) -> Result<void> {
    const auto known = [](const std::string& text) {
      return text.empty() ? std::nullopt : std::optional(text);
    };
    session.execute(
        "INSERT INTO event_log (created_at, event, owner, dag_id, run_id, task_id, extra)"
        " VALUES ($1, $2, 'task', $3, $4, $5, $6)",
        {now, event, known(rights.dag_id), known(rights.run_id), known(rights.task_id), extra});
    return {};
  });
  return may;
}

}  // namespace leoflow::tasks
