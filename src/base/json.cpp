#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <fmt/format.h>

namespace leoflow {
namespace {

/// Puts a value together out of what the parser finds. Unlike the library's own it keeps numbers exact: what
/// a task returns must reach the next one unchanged, and the parser's last digit is a guess.
class Builder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;
  using Text = json::string_view;
  using Problem = json::error_code;

  Builder() { stack_.reset(); }
  json::value release() { return stack_.release(); }

  bool on_document_begin(Problem&) { return true; }
  bool on_document_end(Problem&) { return true; }
  bool on_object_begin(Problem&) { return true; }
  bool on_object_end(std::size_t count, Problem&) { return stack_.push_object(count), true; }
  bool on_array_begin(Problem&) { return true; }
  bool on_array_end(std::size_t count, Problem&) { return stack_.push_array(count), true; }
  bool on_key_part(Text text, std::size_t, Problem&) { return stack_.push_chars(text), true; }
  bool on_key(Text text, std::size_t, Problem&) { return stack_.push_key(text), true; }
  bool on_string_part(Text text, std::size_t, Problem&) { return stack_.push_chars(text), true; }
  bool on_string(Text text, std::size_t, Problem&) { return stack_.push_string(text), true; }
  bool on_number_part(Text, Problem&) { return true; }
  bool on_int64(std::int64_t number, Text, Problem&) { return stack_.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Problem&) { return stack_.push_uint64(number), true; }
  bool on_double(double guess, Text text, Problem&) {
    // The document is given as one piece, so this is all of the number.
    double exact = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), exact);
    const bool is_exact = problem == std::errc{} && end == text.data() + text.size();
    return stack_.push_double(is_exact ? exact : guess), true;
  }
  bool on_bool(bool value, Problem&) { return stack_.push_bool(value), true; }
  bool on_null(Problem&) { return stack_.push_null(), true; }
  bool on_comment_part(Text, Problem&) { return true; }
  bool on_comment(Text, Problem&) { return true; }

 private:
  json::value_stack stack_;
};

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 200;
  json::error_code error;
  json::basic_parser<Builder> parser(options);
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) return fail(ErrorCode::invalid, fmt::format("not JSON: {} at byte {}", error.message(), read));
  return parser.handler().release();
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
