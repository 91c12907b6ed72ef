#include "api/execution/old_kwargs.hpp"

#include <utility>

// Source: Airflow 3.3.2, sdk/serde and serialization/serialized_objects.py.
namespace leoflow::api::execution {
namespace {

constexpr std::pair<std::string_view, std::string_view> kCollections[] = {
    {"builtins.tuple", "tuple"}, {"builtins.set", "set"}, {"builtins.frozenset", "set"}};

json::object old_form(std::string_view type, json::value content) {
  return {{"__type", type}, {"__var", std::move(content)}};
}

json::array items_of(const json::value& list) {
  json::array out;
  if (!list.is_array()) return out;
  for (const json::value& item : list.get_array()) out.push_back(to_old_kwargs(item));
  return out;
}

json::value from_class(const json::value& in, std::string_view name) {
  const json::value* data = find(in, "__data__");
  if (data == nullptr) return in;
  for (const auto& [collection, type] : kCollections) {
    if (name == collection) return old_form(type, items_of(*data));
  }
  if (name == "datetime.datetime" || name == "pendulum.datetime.DateTime") {
    const json::value* timestamp = find(*data, "timestamp");
    return timestamp == nullptr ? in : old_form("datetime", *timestamp);
  }
  if (name == "datetime.timedelta") return old_form("timedelta", *data);
  return in;
}

}  // namespace

json::value to_old_kwargs(const json::value& kwargs) {
  if (kwargs.is_array()) return items_of(kwargs);
  if (!kwargs.is_object() || kwargs.get_object().contains("__type")) return kwargs;
  if (const auto name = find_text(kwargs, "__classname__")) return from_class(kwargs, *name);
  json::object out;
  for (const auto& [key, value] : kwargs.get_object()) out[key] = to_old_kwargs(value);
  return old_form("dict", std::move(out));
}

}  // namespace leoflow::api::execution
