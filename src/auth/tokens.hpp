#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.hpp"
#include "auth/role.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace leoflow::auth {

/// What a verified token says.
struct Claims {
  std::string id;       ///< jti, for revocation
  std::string subject;  ///< user name
  Role role = Role::viewer;
  Time issued_at;
  Time expires_at;
  std::vector<std::string> groups{};  ///< of the user; no token says them, the database does
};

/// Issues and checks the tokens of users. Thread safe.
class Tokens {
 public:
  static constexpr std::chrono::seconds kUserLife{24 * 3600};  ///< the longest of any token
  static constexpr std::chrono::seconds kCliLife{3600};

  explicit Tokens(JwtSource jwt) : jwt_(std::move(jwt)) {}

  std::string issue(std::string_view user, Role role, Time now, std::chrono::seconds life) const;

  /// Errors: unauthenticated "Token Expired"; forbidden "Invalid JWT token" for
  /// everything else. Does not know about revocation.
  Result<Claims> verify(std::string_view token, Time now) const;

  /// Signs what else is ours, for other audiences.
  std::shared_ptr<const Jwt> keys() const { return jwt_(); }

 private:
  JwtSource jwt_;
};

}  // namespace leoflow::auth
