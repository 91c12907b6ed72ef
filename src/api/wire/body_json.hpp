#pragma once

#include <optional>
#include <string_view>

#include "api/wire/problems.hpp"

namespace leoflow::api::wire {

/// A request's body as JSON; nothing if there is none or it is no JSON (a problem then).
std::optional<json::value> body_json(std::string_view body, bool required, Problems& problems);

}  // namespace leoflow::api::wire
