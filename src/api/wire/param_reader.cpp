#include "api/wire/param_reader.hpp"

#include "base/text.hpp"

namespace leoflow::api::wire {

json::value ParamReader::collect(const Values& values, std::string_view place, std::string_view name,
                                 bool list, bool required) {
  const std::string key = place == "header" ? to_lower(name) : std::string(name);
  const auto [first, last] = values.equal_range(key);
  if (first == last) {
    if (required) {
      problems_.add(Location(Location(place), name), "missing", "Field required", nullptr);
    }
    return nullptr;
  }
  if (!list) return json::value(std::prev(last)->second);  // the last one counts, as in Starlette
  json::array all;
  for (auto value = first; value != last; ++value) all.emplace_back(value->second);
  return all;
}

}  // namespace leoflow::api::wire
