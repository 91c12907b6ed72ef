#include "api/execution/access.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::api::execution {
namespace {

bool is_path_of(const auth::TaskClaims& claims, std::string_view parameter, const wire::RawParams& params) {
  const auto found = params.path.find(parameter);
  return found != params.path.end() && found->second == claims.task.text();
}

}  // namespace

Result<auth::TaskClaims> claims_of(const http::Request& request, const ExecutionServices& services) {
  const std::string_view header = request.header("authorization");
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos || to_lower(header.substr(0, space)) != "bearer" ||
      trim(header.substr(space)).empty()) {
    return fail(ErrorCode::unauthenticated, "Missing auth token");
  }
  return services.tokens.verify(trim(header.substr(space)), services.clock.now());
}

std::optional<std::string> reach_problem(const auth::TaskClaims& claims, Access access,
                                         const wire::RawParams& params) {
  const bool is_workload = claims.scope == auth::TaskScope::workload;
  const bool takes_both = access == Access::start_own_task;
  const bool takes_workload = access == Access::connection_test;
  if (!takes_both && takes_workload != is_workload) {
    return fmt::format("Token type '{}' not allowed for this endpoint. Allowed types: {}",
                       scope_name(claims.scope), takes_workload ? "workload" : "execution");
  }
  const bool is_own = access == Access::own_task || access == Access::start_own_task;
  if (is_own && !is_path_of(claims, "task_instance_id", params)) {
    return "Token subject does not match task instance ID";
  }
  if (takes_workload && !is_path_of(claims, "connection_test_id", params)) {
    return "Token subject does not match connection test ID";
  }
  return std::nullopt;
}

bool is_running(const Uuid& task, const ExecutionServices& services) {
  const auto session = services.database.read();
  return !session
              ->query("SELECT 1 FROM task_instance WHERE id = $1 AND state IN ('running', 'restarting')",
                      {task})
              .empty();
}

}  // namespace leoflow::api::execution
