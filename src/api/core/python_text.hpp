#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace leoflow::api {

/// What Python's repr() says of a text.
std::string python_repr(std::string_view text);

/// What Python's repr() says of a value that Airflow serialized.
std::string python_text(const json::value& encoded);

}  // namespace leoflow::api
