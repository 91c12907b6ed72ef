#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/time_text.hpp"
#include "store/sql.hpp"

namespace leoflow::tasks {

/// Whom code works for that runs outside of attempts: a trigger, a callback, a timetable.
struct Behalf {
  Uuid task_instance;  ///< that waits, or is called back about; nil: none
  std::string dag_id;  ///< "": of no DAG
};

/// Who asks: a running attempt, or code that works for a DAG, or a DAG file being parsed.
struct Caller {
  Uuid attempt;                    ///< nil for the others
  std::optional<Behalf> behalf{};  ///< absent for the others
  bool may_repeat = false;         ///< what is asked for may have been done already
  bool is_parsing() const { return attempt.is_nil() && !behalf; }
  /// Its requests are answered in their order.
  const Uuid& line() const { return behalf ? behalf->task_instance : attempt; }
};

/// Readers for the fields of a request. The SDK has validated them, so what is
/// missing reads as absent.
inline std::optional<Time> find_time(const json::value& request, std::string_view key) {
  const auto text = find_text(request, key);
  return text ? parse_iso(*text) : std::nullopt;
}
inline std::optional<std::int64_t> find_integer(const json::value& request, std::string_view key) {
  const json::value* value = find(request, key);
  return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}
/// An object of the request as JSON text; "{}" if it is absent.
inline std::string object_text(const json::value& request, std::string_view key) {
  const json::value* value = find(request, key);
  return value == nullptr || value->is_null() ? "{}" : json::serialize(*value);
}
inline json::value to_json(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}
inline json::value to_json(const std::optional<Time>& time) {
  return time ? json::value(to_iso_z(*time)) : json::value(nullptr);
}

/// A WHERE clause that grows: each condition's placeholder is the next number.
class Conditions {
 public:
  void equal(std::string_view column, store::Param value) { compare(column, "=", std::move(value)); }
  void compare(std::string_view column, std::string_view comparison, store::Param value) {
    params_.push_back(std::move(value));
    sql_ += (sql_.empty() ? " WHERE " : " AND ") + std::string(column) + " " + std::string(comparison) +
            " $" + std::to_string(params_.size());
  }
  /// Nothing is added for an absent or empty list.
  void any_of(std::string_view column, const json::value* list) {
    if (list == nullptr || !list->is_array() || list->get_array().empty()) return;
    std::string marks;
    for (const json::value& item : list->get_array()) {
      params_.push_back(item.is_string() ? std::string(item.get_string()) : std::string("null"));
      marks += (marks.empty() ? "$" : ", $") + std::to_string(params_.size());
    }
    sql_ += (sql_.empty() ? " WHERE " : " AND ") + std::string(column) + " IN (" + marks + ")";
  }
  /// As any_of; "null" and null are that of a task instance that has none yet.
  void any_state_of(std::string_view column, const json::value* list);
  void any_time_of(std::string_view column, const json::value* list);
  const std::string& sql() const { return sql_; }
  const store::Params& params() const { return params_; }

 private:
  std::string sql_;
  store::Params params_;
};

inline void Conditions::any_state_of(std::string_view column, const json::value* list) {
  const auto is_none = [](const json::value& state) { return state.is_null() || state == "null"; };
  if (list == nullptr || !list->is_array() || std::ranges::none_of(list->get_array(), is_none)) {
    return any_of(column, list);
  }
  any_of("COALESCE(" + std::string(column) + ", 'null')", list);
}

inline void Conditions::any_time_of(std::string_view column, const json::value* list) {
  if (list == nullptr || !list->is_array() || list->get_array().empty()) return;
  std::string marks;
  for (const json::value& item : list->get_array()) {
    const auto time = item.is_string() ? parse_iso(std::string_view(item.get_string())) : std::nullopt;
    params_.push_back(time);
    marks += (marks.empty() ? "$" : ", $") + std::to_string(params_.size());
  }
  sql_ += (sql_.empty() ? " WHERE " : " AND ") + std::string(column) + " IN (" + marks + ")";
}

}  // namespace leoflow::tasks
