#include "auth/token_part.hpp"

#include "base/text.hpp"

namespace leoflow::auth {

std::optional<json::value> decode_token_part(std::string_view part) {
  const auto text = from_base64(part);
  if (!text) return std::nullopt;
  auto parsed = parse_json(*text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(*parsed);
}

}  // namespace leoflow::auth
