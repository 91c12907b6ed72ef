#include "api/wire/body_json.hpp"

#include "base/text.hpp"

namespace leoflow::api::wire {

std::optional<json::value> body_json(std::string_view body, bool required, Problems& problems) {
  const Location where("body");
  if (trim(body).empty()) {
    if (required) problems.add(where, "missing", "Field required", nullptr);
    return std::nullopt;
  }
  auto parsed = parse_json(body);
  if (!parsed) {
    problems.add(Location(where, std::int64_t{0}), "json_invalid", "JSON decode error", json::object{},
                 {{"error", parsed.error().message}});
    return std::nullopt;
  }
  return std::move(*parsed);
}

}  // namespace leoflow::api::wire
