#include "api/core/run_body.hpp"

#include <algorithm>
#include <cctype>

#include "api/core/run_rows.hpp"

namespace leoflow::api {

bool is_good_run_id(std::string_view run_id) {
  return !run_id.empty() && std::all_of(run_id.begin(), run_id.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_.~:+-").find(c) != std::string_view::npos;
  });
}

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
