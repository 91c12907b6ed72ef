#include "kube/pod_merge.hpp"

#include <algorithm>
#include <array>

namespace leoflow::kube {
namespace {

/// What Python takes for false.
bool is_nothing(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return true;
    case json::kind::bool_:
      return !value.get_bool();
    case json::kind::int64:
      return value.get_int64() == 0;
    case json::kind::uint64:
      return value.get_uint64() == 0;
    case json::kind::double_:
      return value.get_double() == 0;
    case json::kind::string:
      return value.get_string().empty();
    case json::kind::array:
      return value.get_array().empty();
    case json::kind::object:
      return value.get_object().empty();
  }
  return true;
}

const json::value& part(const json::value& from, std::string_view key) {
  static const json::value kNothing;
  const json::value* found = find(from, key);
  return found == nullptr ? kNothing : *found;
}

void put(json::value& into, std::string_view key, json::value value) {
  if (!value.is_null()) into.as_object()[key] = std::move(value);
}

/// To Airflow's client an object without fields is something, unless it is one of names with texts.
bool is_nothing_in(std::string_view key, const json::value& value) {
  constexpr std::array<std::string_view, 4> kMaps = {"labels", "annotations", "nodeSelector", "overhead"};
  const bool is_model = value.is_object() && std::ranges::find(kMaps, key) == kMaps.end();
  return !is_model && is_nothing(value);
}

/// Fields that `over` leaves out are those of `base`.
json::value merge_fields(const json::value& base, const json::value& over) {
  if (is_nothing(base) || !base.is_object()) return over;
  if (is_nothing(over) || !over.is_object()) return base;
  json::value out = over;
  for (const auto& [key, value] : base.get_object()) {
    if (is_nothing_in(key, part(over, key))) out.get_object()[key] = value;
  }
  return out;
}

/// Of maps, such as labels: every entry of `over` counts, whatever it is.
json::value merge_entries(const json::value& base, const json::value& over) {
  if (is_nothing(base) || !base.is_object()) return over;
  if (is_nothing(over) || !over.is_object()) return base;
  json::value out = base;
  for (const auto& [key, value] : over.get_object()) out.get_object()[key] = value;
  return out;
}

json::value appended(const json::value& base, const json::value& over) {
  if (is_nothing(base) || !base.is_array()) return over;
  if (is_nothing(over) || !over.is_array()) return base;
  json::array out = base.get_array();
  out.insert(out.end(), over.get_array().begin(), over.get_array().end());
  return out;
}

json::value merge_containers(const json::value& base, const json::value& over) {
  constexpr std::array<std::string_view, 5> kLists = {"volumeMounts", "env", "envFrom", "ports",
                                                      "volumeDevices"};
  if (!base.is_object()) return over;
  if (!over.is_object()) return base;
  json::value out = over;
  for (const std::string_view list : kLists) put(out, list, appended(part(base, list), part(over, list)));
  return merge_fields(base, out);
}

json::value by_place(const json::value& base, const json::value& over) {
  if (is_nothing(base) || !base.is_array()) return over;
  if (is_nothing(over) || !over.is_array()) return base;
  const json::array& first = base.get_array();
  const json::array& second = over.get_array();
  json::array out;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size() && i < second.size()) {
      out.push_back(merge_containers(first[i], second[i]));
    } else {
      out.push_back(i < first.size() ? first[i] : second[i]);
    }
  }
  return out;
}

/// @param over  with those of `base` before them, as Airflow has it.
json::value by_name(const json::value& base, const json::value& over) {
  if (is_nothing(base) || !base.is_array()) return over;
  if (is_nothing(over) || !over.is_array()) return base;
  const auto last_named = [&](const std::string& name) -> const json::value* {
    const json::value* found = nullptr;
    for (const json::value& container : over.get_array()) {
      if (get_text(container, "name") == name) found = &container;
    }
    return found;
  };
  json::array out;
  for (const json::value& container : base.get_array()) {
    const json::value* named = last_named(get_text(container, "name"));
    out.push_back(named == nullptr ? container : merge_containers(container, *named));
  }
  for (const json::value& container : over.get_array()) {
    const bool is_merged = std::ranges::any_of(base.get_array(), [&](const json::value& other) {
      return get_text(other, "name") == get_text(container, "name");
    });
    if (!is_merged) out.push_back(container);
  }
  return out;
}

json::value merge_specs(const json::value& base, const json::value& over) {
  if (is_nothing(base)) return over;
  if (is_nothing(over) || !over.is_object()) return base;
  json::value out = over;
  put(out, "containers", by_place(part(base, "containers"), part(over, "containers")));
  put(out, "initContainers", by_name(part(base, "initContainers"), part(over, "initContainers")));
  put(out, "volumes", appended(part(base, "volumes"), part(over, "volumes")));
  return merge_fields(base, out);
}

json::value merge_metadata(const json::value& base, const json::value& over) {
  if (is_nothing(base)) return over;
  if (is_nothing(over) || !over.is_object()) return base;
  json::value out = over;
  for (const char* entries : {"labels", "annotations"})
    put(out, entries, merge_entries(part(base, entries), part(over, entries)));
  return merge_fields(base, out);
}

}  // namespace

json::value merge_pods(const json::value& base, const json::value& over) {
  if (!over.is_object()) return base;
  json::value out = over;
  put(out, "spec", merge_specs(part(base, "spec"), part(over, "spec")));
  put(out, "metadata", merge_metadata(part(base, "metadata"), part(over, "metadata")));
  return merge_fields(base, out);
}

}  // namespace leoflow::kube
