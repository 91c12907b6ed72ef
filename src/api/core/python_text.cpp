#include "api/core/python_text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::api {

namespace {

/// Takes the next character off a text in UTF-8.
std::uint32_t take_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
  for (std::size_t k = 1; k <= more && k < text.size(); ++k)
    point = point << 6U | (static_cast<unsigned char>(text[k]) & 0x3fU);
  text.remove_prefix(std::min(more + 1, text.size()));
  return point;
}

/// Unicode's controls, marks of format, private characters and all spaces but the usual one. Python escapes
/// those that are not assigned, too, which are others with each of its versions.
bool is_printable(std::uint32_t point) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  static constexpr Range kOthers[] = {
      {0x0, 0x1f},        {0x7f, 0xa0},       {0xad, 0xad},         {0x600, 0x605},     {0x61c, 0x61c},
      {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},       {0x8e2, 0x8e2},     {0x1680, 0x1680},
      {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},     {0x205f, 0x2064},   {0x2066, 0x206f},
      {0x3000, 0x3000},   {0xe000, 0xf8ff},   {0xfeff, 0xfeff},     {0xfff9, 0xfffb},   {0x110bd, 0x110bd},
      {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},   {0x1d173, 0x1d17a}, {0xe0001, 0xe0001},
      {0xe0020, 0xe007f}, {0xf0000, 0xffffd}, {0x100000, 0x10fffd},
  };
  const auto* range = std::ranges::lower_bound(kOthers, point, {}, &Range::last);
  return range == std::end(kOthers) || point < range->first;
}

std::string escaped(std::uint32_t point) {
  if (point == '\n') return "\\n";
  if (point == '\r') return "\\r";
  if (point == '\t') return "\\t";
  if (point < 0x100) return fmt::format("\\x{:02x}", point);
  return point < 0x10000 ? fmt::format("\\u{:04x}", point) : fmt::format("\\U{:08x}", point);
}

}  // namespace

std::string python_repr(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  while (!text.empty()) {
    const std::string_view rest = text;
    const std::uint32_t point = take_point(text);
    if (!is_printable(point)) {
      out += escaped(point);
      continue;
    }
    if (point == static_cast<unsigned char>(quote) || point == '\\') out += '\\';
    out += rest.substr(0, rest.size() - text.size());
  }
  return out + quote;
}

namespace {

/// Whether objects with a type are shown as objects of Airflow's old serialization, or like all others.
enum class Types { decoded, plain };

std::string text_of(const json::value& value, Types types);

std::string number_text(double number) {
  std::string text = fmt::format("{}", number);
  const bool is_whole = std::isfinite(number) && text.find_first_of(".e") == std::string::npos;
  return is_whole ? text + ".0" : text;
}

std::string items_text(const json::array& items, Types types) {
  std::string out;
  for (const json::value& item : items) out += (out.empty() ? "" : ", ") + text_of(item, types);
  return out;
}

std::string members_text(const json::object& object, Types types) {
  std::string out;
  for (const auto& [key, value] : object) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", python_repr(key), text_of(value, types));
  }
  return "{" + out + "}";
}

// Other classes than these show what they were made of, which is more than nothing.
std::string instance_text(std::string_view type, const json::value& content) {
  const json::array* items = content.if_array();
  if (items != nullptr && type == "tuple") {
    return "(" + items_text(*items, Types::decoded) + (items->size() == 1 ? ",)" : ")");
  }
  if (items != nullptr && type == "set") {
    return items->empty() ? "set()" : "{" + items_text(*items, Types::decoded) + "}";
  }
  return python_text(content);
}

std::string object_text(const json::object& object, Types types) {
  const json::value* type = object.if_contains("__type");
  const json::value* content = object.if_contains("__var");
  if (types == Types::decoded && type != nullptr && type->is_string() && content != nullptr) {
    return instance_text(type->get_string(), *content);
  }
  return members_text(object, types);
}

std::string text_of(const json::value& value, Types types) {
  if (const json::object* object = value.if_object()) return object_text(*object, types);
  if (const json::array* items = value.if_array()) return "[" + items_text(*items, types) + "]";
  switch (value.kind()) {
    case json::kind::bool_:
      return value.get_bool() ? "True" : "False";
    case json::kind::int64:
      return std::to_string(value.get_int64());
    case json::kind::uint64:
      return std::to_string(value.get_uint64());
    case json::kind::double_:
      return number_text(value.get_double());
    case json::kind::string:
      return python_repr(value.get_string());
    default:
      return "None";
  }
}

}  // namespace

std::string python_text(const json::value& encoded) {
  return text_of(encoded, Types::decoded);
}

std::string python_str(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : text_of(value, Types::plain);
}

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  // Boost escapes what has to be; the rest of what is not ASCII becomes UTF-16, as json.dumps() has it.
  const std::string quoted = json::serialize(json::string(text));
  for (std::string_view rest = quoted; !rest.empty();) {
    std::uint32_t point = take_point(rest);
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x10000) {
      out += fmt::format("\\u{:04x}", point);
    } else {
      point -= 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (point >> 10U), 0xdc00 + (point & 0x3ffU));
    }
  }
  return out;
}

}  // namespace

std::string python_json(const json::value& value) {
  if (const json::string* text = value.if_string()) return json_string(*text);
  if (value.is_double()) return number_text(value.get_double());
  std::string out;
  if (const json::array* items = value.if_array()) {
    for (const json::value& item : *items) out += (out.empty() ? "" : ", ") + python_json(item);
    return "[" + out + "]";
  }
  if (const json::object* members = value.if_object()) {
    for (const auto& [name, member] : *members)
      out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", json_string(name), python_json(member));
    return "{" + out + "}";
  }
  return json::serialize(value);
}

std::string clean_doc(std::string_view text) {
  std::vector<std::string> lines = split(text, '\n');
  const auto indent_of = [](const std::string& line) { return line.find_first_not_of(' '); };
  std::size_t margin = std::string::npos;
  for (std::size_t i = 1; i < lines.size(); ++i) margin = std::min(margin, indent_of(lines[i]));
  lines.front().erase(0, std::min(indent_of(lines.front()), lines.front().size()));
  for (std::size_t i = 1; margin != std::string::npos && i < lines.size(); ++i)
    lines[i].erase(0, std::min(margin, lines[i].size()));
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  const auto first = std::ranges::find_if(lines, [](const std::string& line) { return !line.empty(); });
  lines.erase(lines.begin(), first);
  return join(lines, "\n");
}

}  // namespace leoflow::api
