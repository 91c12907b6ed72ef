#include "api/core/run_body.hpp"

#include "api/core/run_rows.hpp"

namespace leoflow::api {

Result<Answer> create_run(Call& call, engine::TriggerRun command) {
  const std::string dag_id = command.dag_id;
  const auto run_id = call.api.commands.trigger_run(std::move(command));
  if (!run_id) {
    if (run_id.error().code == ErrorCode::conflict) return unique_violation(run_id.error().message);
    return std::unexpected(run_id.error());
  }
  const auto run = read_run(call.db(), dag_id, *run_id);
  if (!run) return std::unexpected(run.error());
  return ok(*run);
}

}  // namespace leoflow::api
