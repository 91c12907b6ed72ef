#include "api/core/readable_xcom.hpp"

#include <fmt/format.h>
#include <optional>

#include "api/core/python_text.hpp"
#include "base/text.hpp"

namespace leoflow::api {
namespace {

/// Nothing where a value can only be shown as it is stored.
using Shown = std::optional<json::value>;

Shown show(const json::value& stored);

Shown show_items(const json::array& stored) {
  json::array out;
  out.reserve(stored.size());
  for (const json::value& item : stored) {
    Shown shown = show(item);
    if (!shown) return std::nullopt;
    out.push_back(std::move(*shown));
  }
  return out;
}

Shown show_members(const json::object& stored) {
  json::object out;
  out.reserve(stored.size());
  for (const auto& [name, member] : stored) {
    Shown shown = show(member);
    if (!shown) return std::nullopt;
    out.emplace(name, std::move(*shown));
  }
  return out;
}

/// Modules of DAG files have a digest of their path in front of their names, which says nothing to people.
std::string readable_class(std::string_view name) {
  constexpr std::string_view kBefore = "unusual_prefix_";
  constexpr std::size_t kDigest = 40;
  std::string out(name);
  std::size_t at = 0;
  while ((at = out.find(kBefore, at)) != std::string::npos) {
    const std::size_t after = at + kBefore.size();
    const std::size_t end = out.find_first_not_of("0123456789abcdef", after);
    if (end == after + kDigest && out[end] == '_') {
      out.erase(at, end + 1 - at);
    } else {
      at = after;
    }
  }
  return out;
}

Shown fields_text(const json::object& fields) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : fields) {
    const Shown shown = show(value);
    if (!shown) return std::nullopt;
    const std::string text = value.is_string() ? python_repr(value.get_string()) : python_str(*shown);
    parts.push_back(fmt::format("{}={}", std::string_view(name), text));
  }
  return json::value(join(parts, ", "));
}

Shown list_text(const json::array& items) {
  const Shown shown = show_items(items);
  if (!shown) return std::nullopt;
  std::vector<std::string> parts;
  for (const json::value& item : shown->get_array()) parts.push_back(python_str(item));
  return json::value(join(parts, ","));
}

Shown content_text(const json::value* content) {
  if (content == nullptr || content->is_null()) return "";
  if (const json::array* items = content->if_array()) return list_text(*items);
  if (const json::object* fields = content->if_object()) return fields_text(*fields);
  return json::value(python_str(*content));
}

Shown show_instance(const json::value& type, const json::value& version, const json::value* content) {
  const bool has_version = version.is_int64() || version.is_uint64() || version.is_bool();
  if (!type.is_string() || !has_version) return std::nullopt;
  const std::string_view name = type.get_string();
  if (name.empty() || name.starts_with("airflow.")) return std::nullopt;
  const Shown inside = content_text(content);
  if (!inside) return std::nullopt;
  const std::string_view text = inside->get_string();
  const bool is_collection =
      name == "builtins.tuple" || name == "builtins.set" || name == "builtins.frozenset";
  if (is_collection && content != nullptr && content->is_array()) {
    return json::value(fmt::format("({})", text));
  }
  return json::value(fmt::format("{}@version={}({})", readable_class(name), python_str(version), text));
}

Shown show_object(const json::object& stored) {
  const json::object* object = &stored;
  // What Airflow 2 stored may still be there.
  const json::value* type = stored.if_contains("__type");
  const json::value* content = stored.if_contains("__var");
  if (type != nullptr && content != nullptr) {
    if (*type != "dict") return show_instance(*type, 0, content);
    object = content->if_object();
    if (object == nullptr) return std::nullopt;
  }
  const json::value* name = object->if_contains("__classname__");
  const json::value* version = object->if_contains("__version__");
  if (name == nullptr || version == nullptr) return show_members(*object);
  return show_instance(*name, *version, object->if_contains("__data__"));
}

Shown show(const json::value& stored) {
  if (const json::array* items = stored.if_array()) return show_items(*items);
  if (const json::object* object = stored.if_object()) return show_object(*object);
  return stored;
}

/// A number with more digits than we keep stays the text that it is.
bool is_kept_exactly(std::string_view text, const json::value& held) {
  return !held.is_double() || text.find_first_of(".eE") != std::string_view::npos;
}

}  // namespace

json::value readable_xcom(const json::value& stored) {
  if (const json::string* text = stored.if_string()) {
    const auto held = parse_json(*text);
    if (!held || !is_kept_exactly(*text, *held)) return stored;
    return show(*held).value_or(stored);
  }
  return show(stored).value_or(stored);
}

}  // namespace leoflow::api
