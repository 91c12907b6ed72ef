#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "api/wire/read_value.hpp"

namespace leoflow::api::wire {

struct NoBody {};

/// What every request body remembers: which fields the client sent, so that
/// PATCH can tell "null" from "not there".
struct RequestBody {
  std::vector<std::string_view> fields_set;

  bool has(std::string_view field) const {
    return std::find(fields_set.begin(), fields_set.end(), field) != fields_set.end();
  }
};

/// Whether `in` is an object whose `field` is the text `content`.
bool says(const json::value& in, std::string_view field, std::string_view content);

/// Reads the fields of one JSON object in the order of its schema.
class ObjectReader {
 public:
  /// Adds a problem if `in` is no object; all reads then do nothing.
  ObjectReader(const json::value& in, const Location& where, Problems& problems, std::string_view model,
               std::vector<std::string_view>& fields_set);

  template <typename T, typename Rule>
  void required(std::string_view name, T& out, const Rule& rule) {
    if (const json::value* value = look_up(name, true)) {
      read_value(*value, out, rule, Location(where_, name), problems_);
    }
  }
  template <typename T, typename Rule>
  void optional(std::string_view name, T& out, const Rule& rule) {
    if (const json::value* value = look_up(name, false)) {
      read_value(*value, out, rule, Location(where_, name), problems_);
    }
  }
  /// Complains about every field that was not asked for.
  void forbid_others();

 private:
  const json::value* look_up(std::string_view name, bool required);

  const json::value& in_;
  const Location& where_;
  Problems& problems_;
  std::vector<std::string_view>& fields_set_;
};

}  // namespace leoflow::api::wire
