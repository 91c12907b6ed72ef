#pragma once

#include <string_view>

#include "api/core/call.hpp"
#include "api/wire/param_reader.hpp"

namespace leoflow::api {

/// Whether it is written down that somebody asked for this operation.
bool is_audited(std::string_view operation);

/// Adds a line to the audit log: who asked for what, with secrets masked, as Airflow's action_logging has it.
/// Before the operation, so that what is refused is known as well.
void audit(Call& call, const wire::RawParams& params);

}  // namespace leoflow::api
