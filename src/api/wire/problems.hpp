#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace leoflow::api::wire {

/// Where in a request a value stands: a chain of names and indexes on the
/// stack, so that a good request pays nothing for it.
struct Location {
  const Location* parent = nullptr;
  std::string_view name;
  std::int64_t index = -1;

  explicit Location(std::string_view root) : name(root) {}
  Location(const Location& above, std::string_view below) : parent(&above), name(below) {}
  Location(const Location& above, std::int64_t at) : parent(&above), index(at) {}

  json::array path() const;
};

/// What is wrong with a request, in the words of pydantic: the answer's `detail`.
class Problems {
 public:
  void add(const Location& where, std::string_view type, std::string_view message, const json::value& input,
           json::object context = {});
  void append(const Problems& others);

  bool empty() const { return list_.empty(); }
  const json::array& list() const { return list_; }

 private:
  json::array list_;
};

}  // namespace leoflow::api::wire
