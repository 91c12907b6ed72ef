#include "api/wire/body_json.hpp"

#include "base/text.hpp"

namespace leoflow::api::wire {

bool is_json(std::string_view content_type) {
  constexpr std::string_view kApplication = "application/";
  const std::string kind = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  if (!kind.starts_with(kApplication)) return false;
  const std::string_view format = std::string_view(kind).substr(kApplication.size());
  return (format == "json" || format.ends_with("+json")) && format.find('/') == std::string_view::npos;
}

std::optional<json::value> body_json(std::string_view body, std::string_view content_type, bool required,
                                     Problems& problems) {
  if (!body.empty() && !is_json(content_type)) return json::value(to_valid_utf8(body));
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
