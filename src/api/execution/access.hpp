#pragma once

#include <optional>
#include <string>

#include "api/execution/operation.hpp"
#include "api/wire/param_reader.hpp"

namespace leoflow::api::execution {

/// What the request's token says. Errors: unauthenticated (there is none), forbidden (it is not good).
Result<auth::TaskClaims> claims_of(const http::Request& request, const ExecutionServices& services);

/// Why a token does not reach an operation; nothing if it does.
/// Source: Airflow 3.3.2, execution_api/security.py.
std::optional<std::string> reach_problem(const auth::TaskClaims& claims, Access access,
                                         const wire::RawParams& params);

/// Whether a task instance runs: only then is its token renewed, so that one which got out ends with the
/// task.
bool is_running(const Uuid& task, const ExecutionServices& services);

}  // namespace leoflow::api::execution
