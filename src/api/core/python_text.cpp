#include "api/core/python_text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::api {

std::string python_repr(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += c;
    }
  }
  return out + quote;
}

namespace {

std::string number_text(double number) {
  std::string text = fmt::format("{}", number);
  const bool is_whole = std::isfinite(number) && text.find_first_of(".e") == std::string::npos;
  return is_whole ? text + ".0" : text;
}

std::string items_text(const json::array& items) {
  std::string out;
  for (const json::value& item : items) out += (out.empty() ? "" : ", ") + python_text(item);
  return out;
}

std::string object_text(const json::object& object) {
  std::string out;
  for (const auto& [key, value] : object) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", python_repr(key), python_text(value));
  }
  return "{" + out + "}";
}

// Other classes than these show what they were made of, which is more than nothing.
std::string instance_text(std::string_view type, const json::value& content) {
  const json::array* items = content.if_array();
  if (items != nullptr && type == "tuple") {
    return "(" + items_text(*items) + (items->size() == 1 ? ",)" : ")");
  }
  if (items != nullptr && type == "set") {
    return items->empty() ? "set()" : "{" + items_text(*items) + "}";
  }
  return python_text(content);
}

}  // namespace

std::string python_text(const json::value& encoded) {
  switch (encoded.kind()) {
    case json::kind::null:
      return "None";
    case json::kind::bool_:
      return encoded.get_bool() ? "True" : "False";
    case json::kind::int64:
      return std::to_string(encoded.get_int64());
    case json::kind::uint64:
      return std::to_string(encoded.get_uint64());
    case json::kind::double_:
      return number_text(encoded.get_double());
    case json::kind::string:
      return python_repr(encoded.get_string());
    case json::kind::array:
      return "[" + items_text(encoded.get_array()) + "]";
    case json::kind::object:
      break;
  }
  const json::value* type = find(encoded, "__type");
  const json::value* content = find(encoded, "__var");
  if (type != nullptr && type->is_string() && content != nullptr) {
    return instance_text(type->get_string(), *content);
  }
  return object_text(encoded.get_object());
}

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  // Boost escapes what has to be; the rest of what is not ASCII becomes UTF-16, as json.dumps() has it.
  const std::string escaped = json::serialize(json::string(text));
  for (std::size_t i = 0; i < escaped.size();) {
    const auto lead = static_cast<unsigned char>(escaped[i]);
    if (lead < 0x80) {
      out += escaped[i++];
      continue;
    }
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    std::uint32_t point = lead & (0x3fU >> more);
    for (std::size_t k = 1; k <= more && i + k < escaped.size(); ++k)
      point = point << 6U | (static_cast<unsigned char>(escaped[i + k]) & 0x3fU);
    i += more + 1;
    if (point < 0x10000) {
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
