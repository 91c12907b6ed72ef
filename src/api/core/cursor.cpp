#include "api/core/cursor.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

namespace leoflow::api {
namespace {

json::value to_json(const store::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return json::string(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  return nullptr;
}

/// Nothing if it can be no value of such a column.
std::optional<store::Value> from_json(const json::value& value, const OrderTerm& term) {
  if (value.is_null()) return term.never_null ? std::nullopt : std::optional<store::Value>(std::monostate());
  if (term.holds == Holds::text) {
    // A zero byte would end the text on its way to the database.
    if (!value.is_string() || value.get_string().find('\0') != json::string::npos) return std::nullopt;
    return std::string(value.get_string());
  }
  if (!value.is_int64()) return std::nullopt;
  return value.get_int64();
}

}  // namespace

std::string Cursor::text() const {
  json::array out;
  for (const store::Value& value : values) out.push_back(to_json(value));
  return (backward ? "~" : "") + to_base64_url(json::serialize(out));
}

Result<Cursor> Cursor::read(std::string_view text, std::span<const OrderTerm> order) {
  Cursor cursor;
  cursor.backward = text.starts_with('~');
  if (cursor.backward) text.remove_prefix(1);
  const auto decoded = from_base64(text);
  const auto parsed = decoded ? parse_json(*decoded) : fail(ErrorCode::invalid, "");
  if (!parsed) return fail(ErrorCode::invalid, "Invalid cursor token");
  if (!parsed->is_array()) return fail(ErrorCode::invalid, "Invalid cursor token structure");
  const json::array& values = parsed->get_array();
  if (values.size() != order.size())
    return fail(ErrorCode::invalid, "Cursor token does not match current query shape");
  for (std::size_t i = 0; i < order.size(); ++i) {
    auto value = from_json(values[i], order[i]);
    if (!value) return fail(ErrorCode::invalid, "Invalid cursor token");
    cursor.values.push_back(std::move(*value));
  }
  return cursor;
}

}  // namespace leoflow::api
