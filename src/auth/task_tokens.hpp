#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "auth/jwt.hpp"
#include "base/ids.hpp"

namespace leoflow::auth {

/// What a task's token is good for.
enum class TaskScope {
  execution,  ///< everything a running task may ask
  workload    ///< to begin the task, which gives an execution token
};

std::string_view scope_name(TaskScope scope);

/// What a verified token of a task says.
struct TaskClaims {
  Uuid task;  ///< id of the task instance
  TaskScope scope = TaskScope::execution;
  Time issued_at;
  Time expires_at;
};

/// Issues and checks the tokens of task instances: their workers present them to the Task Execution API.
/// Thread safe.
/// Source: Airflow 3.3.2, api_fastapi/execution_api/security.py and app.py.
class TaskTokens {
 public:
  static constexpr std::chrono::seconds kLife{600};

  explicit TaskTokens(JwtSource jwt) : jwt_(std::move(jwt)) {}

  std::string issue(const Uuid& task, TaskScope scope, Time now) const;

  /// Errors: forbidden, in Airflow's words.
  Result<TaskClaims> verify(std::string_view token, Time now) const;

  /// Whether it ends so soon that its holder should get a new one. Those of workloads are not renewed.
  static bool is_nearly_over(const TaskClaims& claims, Time now);

 private:
  JwtSource jwt_;
};

}  // namespace leoflow::auth
