#pragma once

#include "api/execution/operation.hpp"
#include "api/wire/param_reader.hpp"
#include "api/wire/problems.hpp"

namespace leoflow::api::execution {

/// Puts the parameters of path and query into the arguments, or adds problems.
void read_parameters(const wire::RawParams& raw, Asking& asking, wire::Problems& problems);

/// Puts the fields of a body into the arguments, or adds problems.
void read_body(const Body& body, const json::value& in, Asking& asking, wire::Problems& problems);

/// 422 with pydantic's list.
http::Response refuse(const wire::Problems& problems);

}  // namespace leoflow::api::execution
