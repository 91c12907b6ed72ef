#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::auth {

/// A JSON web token that is genuine and holds now.
struct SignedClaims {
  json::value claims;
  std::string subject;
  Time issued_at;
  Time expires_at;
};

/// Signs and checks JSON web tokens (HS512). Immutable, thread safe.
class Jwt {
 public:
  /// @param secret at least 32 bytes. Throws Fatal for a shorter one.
  explicit Jwt(std::string secret);

  /// @param claims beside those that every token has: jti, aud, iat, nbf, exp.
  std::string sign(json::object claims, std::string_view audience, Time now, std::chrono::seconds life) const;

  /// Errors: unauthenticated "Token Expired"; forbidden "Invalid JWT token" for
  /// everything else, a token for another audience among it.
  Result<SignedClaims> verify(std::string_view token, std::string_view audience, Time now) const;

 private:
  std::string mac(std::string_view text) const;

  std::string secret_;
};

}  // namespace leoflow::auth
