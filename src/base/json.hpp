#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace leoflow {

namespace json = boost::json;

/// Parses JSON text with a bounded nesting depth.
/// Errors: invalid, with the position.
Result<json::value> parse_json(std::string_view text);

// Lenient readers for documents whose shape we do not own: absent, null and
// wrong types all give the fallback.
const json::value* find(const json::value& object, std::string_view key);
std::string get_text(const json::value& object, std::string_view key, std::string_view fallback = "");
std::optional<std::string> find_text(const json::value& object, std::string_view key);
std::int64_t get_integer(const json::value& object, std::string_view key, std::int64_t fallback);
double get_number(const json::value& object, std::string_view key, double fallback);
bool get_bool(const json::value& object, std::string_view key, bool fallback);

}  // namespace leoflow
