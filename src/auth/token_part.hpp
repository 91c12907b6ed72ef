#pragma once

#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace leoflow::auth {

/// The object in the header or the claims of a JSON Web Token; nothing if there is none.
std::optional<json::value> decode_token_part(std::string_view part);

}  // namespace leoflow::auth
