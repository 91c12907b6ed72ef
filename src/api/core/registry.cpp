#include "api/core/registry.hpp"

#include "base/text.hpp"

namespace leoflow::api {

std::optional<json::value> Registry::body_json(Call& call, bool required, wire::Problems& problems) {
  const wire::Location where("body");
  const std::string& body = call.request.body;
  if (trim(body).empty()) {
    if (required) problems.add(where, "missing", "Field required", nullptr);
    return std::nullopt;
  }
  auto parsed = parse_json(body);
  if (!parsed) {
    problems.add(wire::Location(where, std::int64_t{0}), "json_invalid", "JSON decode error", json::object{},
                 {{"error", parsed.error().message}});
    return std::nullopt;
  }
  return std::move(*parsed);
}

}  // namespace leoflow::api
