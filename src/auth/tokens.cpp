#include "auth/tokens.hpp"

namespace leoflow::auth {
namespace {

constexpr std::string_view kAudience = "apache-airflow";

}  // namespace

std::string Tokens::issue(std::string_view user, Role role, Time now, std::chrono::seconds life) const {
  return jwt_()->sign({{"sub", user}, {"role", role_name(role)}}, kAudience, now, life);
}

Result<Claims> Tokens::verify(std::string_view token, Time now) const {
  const auto found = jwt_()->verify(token, kAudience, now);
  if (!found) return std::unexpected(found.error());
  const auto role = parse_role(get_text(found->claims, "role"));
  if (!role) return fail(ErrorCode::forbidden, "Invalid JWT token");
  return Claims{get_text(found->claims, "jti"), found->subject, *role, found->issued_at, found->expires_at};
}

}  // namespace leoflow::auth
