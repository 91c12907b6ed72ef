#include "base/json.hpp"

#include <fmt/format.h>

namespace leoflow {

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 200;
  json::error_code error;
  json::stream_parser parser({}, options);
  const std::size_t read = parser.write(json::string_view(text.data(), text.size()), error);
  if (!error) parser.finish(error);
  if (error) return fail(ErrorCode::invalid, fmt::format("not JSON: {} at byte {}", error.message(), read));
  return parser.release();
}

const json::value* find(const json::value& object, std::string_view key) {
  const json::object* members = object.if_object();
  return members == nullptr ? nullptr : members->if_contains(json::string_view(key.data(), key.size()));
}

std::optional<std::string> find_text(const json::value& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::string get_text(const json::value& object, std::string_view key, std::string_view fallback) {
  return find_text(object, key).value_or(std::string(fallback));
}

double get_number(const json::value& object, std::string_view key, double fallback) {
  const json::value* value = find(object, key);
  if (value == nullptr || !value->is_number()) return fallback;
  return value->to_number<double>();
}

std::int64_t get_integer(const json::value& object, std::string_view key, std::int64_t fallback) {
  const json::value* value = find(object, key);
  if (value == nullptr) return fallback;
  if (value->is_int64()) return value->get_int64();
  if (value->is_double()) return static_cast<std::int64_t>(value->get_double());
  return fallback;
}

bool get_bool(const json::value& object, std::string_view key, bool fallback) {
  const json::value* value = find(object, key);
  return value == nullptr || !value->is_bool() ? fallback : value->get_bool();
}

}  // namespace leoflow
