#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace leoflow::api {

/// What Python's repr() says of a text.
std::string python_repr(std::string_view text);

/// What Python's repr() says of a value that Airflow serialized.
std::string python_text(const json::value& encoded);

/// What Python's str() says of a value: a text is itself, all else is as repr() has it.
std::string python_str(const json::value& value);

/// What Python's json.dumps() says of a value.
std::string python_json(const json::value& value);

/// What Python's inspect.cleandoc() makes of a docstring: the indentation that its lines share and the empty
/// lines around it go.
std::string clean_doc(std::string_view text);

}  // namespace leoflow::api
