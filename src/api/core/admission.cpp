#include "api/core/admission.hpp"

#include "auth/service_tokens.hpp"
#include "auth/users.hpp"

namespace leoflow::api {

std::string_view token_of(const http::Request& request) {
  const std::string_view token = request.bearer_token();
  return token.empty() ? request.cookie("_token") : token;
}

Result<auth::Claims> admit(std::string_view token, const Services& services,
                           const std::function<store::Session&()>& session) {
  if (token.empty()) return fail(ErrorCode::unauthenticated, "Not authenticated");
  if (auth::is_service_token(token)) return auth::admitted_service(session(), token, services.clock.now());
  auto claims = services.tokens.verify(token, services.clock.now());
  if (!claims) return claims;
  auto standing = auth::find_standing(session(), *claims);
  if (!standing) return fail(ErrorCode::forbidden, "Invalid JWT token");
  claims->role = standing->role;
  claims->groups = std::move(standing->groups);
  return claims;
}

}  // namespace leoflow::api
