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
