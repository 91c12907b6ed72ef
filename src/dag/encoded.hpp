#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace leoflow::dag {

/// Airflow's serialization: the value inside {"__type": ..., "__var": ...}, or the value itself.
inline const json::value& unwrap(const json::value& value) {
  const json::value* inner = find(value, "__var");
  return inner == nullptr ? value : *inner;
}

/// Turns Airflow's {"__type": T, "__var": V} wrappers anywhere in it into plain JSON: dicts and sets lose
/// theirs, a timedelta becomes its seconds, a datetime its epoch seconds.
json::value plain(const json::value& encoded);

/// The value of that name, or null.
inline const json::value& child(const json::value& object, std::string_view key) {
  static const json::value kNull;
  const json::value* found = find(object, key);
  return found == nullptr ? kNull : *found;
}

inline std::optional<double> find_number(const json::value& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  const json::value& plain = unwrap(*value);
  return plain.is_number() ? std::optional(plain.to_number<double>()) : std::nullopt;
}

inline std::optional<Time> find_date(const json::value& object, std::string_view key) {
  const auto seconds = find_number(object, key);
  if (!seconds) return std::nullopt;
  return from_micros(static_cast<std::int64_t>(*seconds * 1e6));
}

inline std::optional<Duration> find_duration(const json::value& object, std::string_view key) {
  const auto seconds = find_number(object, key);
  if (!seconds) return std::nullopt;
  return Duration{static_cast<std::int64_t>(*seconds * 1e6)};
}

inline std::optional<int> find_int(const json::value& object, std::string_view key) {
  const auto number = find_number(object, key);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

inline std::vector<std::string> read_texts(const json::value& object, std::string_view key) {
  std::vector<std::string> out;
  if (const json::value* list = find(object, key)) {
    const json::value& items = unwrap(*list);
    if (items.is_array()) {
      for (const json::value& item : items.get_array()) {
        if (item.is_string()) out.emplace_back(item.get_string());
      }
    }
  }
  return out;
}

}  // namespace leoflow::dag
