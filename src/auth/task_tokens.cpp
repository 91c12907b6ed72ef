#include "auth/task_tokens.hpp"

#include <algorithm>

namespace leoflow::auth {
namespace {

constexpr std::string_view kTaskAudience = "urn:airflow.apache.org:task";
constexpr std::chrono::seconds kLeastLeft{30};

}  // namespace

std::string_view scope_name(TaskScope scope) {
  return scope == TaskScope::workload ? "workload" : "execution";
}

std::string TaskTokens::issue(const Uuid& task, TaskScope scope, Time now) const {
  return jwt_()->sign({{"sub", task.text()}, {"scope", scope_name(scope)}}, kTaskAudience, now, kLife);
}

Result<TaskClaims> TaskTokens::verify(std::string_view token, Time now) const {
  const auto found = jwt_()->verify(token, kTaskAudience, now);
  if (!found) return fail(ErrorCode::forbidden, "Invalid auth token");
  const auto task = Uuid::parse(found->subject);
  // The nil id is that of DAG files being parsed, which have no token.
  if (!task || task->is_nil()) return fail(ErrorCode::forbidden, "Invalid auth token");
  const std::string scope = find_text(found->claims, "scope").value_or("execution");
  for (const TaskScope known : {TaskScope::execution, TaskScope::workload}) {
    if (scope == scope_name(known)) return TaskClaims{*task, known, found->issued_at, found->expires_at};
  }
  return fail(ErrorCode::forbidden, "Invalid token scope: " + scope);
}

bool TaskTokens::is_nearly_over(const TaskClaims& claims, Time now) {
  if (claims.scope == TaskScope::workload) return false;
  const Duration life = claims.expires_at - claims.issued_at;
  return claims.expires_at - now <= std::max<Duration>(life / 5, kLeastLeft);
}

}  // namespace leoflow::auth
