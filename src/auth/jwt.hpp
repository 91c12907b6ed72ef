#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

/// A secret that tokens are signed with.
struct JwtKey {
  std::string secret;        ///< at least 32 bytes
  Time until = Time::max();  ///< what it signed holds until then at most
};

/// Signs and checks JSON web tokens (HS512). Immutable, thread safe.
class Jwt {
 public:
  /// @param keys the newest first: it signs, and all verify. Throws Fatal for a secret that is too short.
  explicit Jwt(const std::vector<JwtKey>& keys);

  /// @param claims beside those that every token has: jti, aud, iat, nbf, exp.
  std::string sign(json::object claims, std::string_view audience, Time now, std::chrono::seconds life) const;

  /// Errors: unauthenticated "Token Expired"; forbidden "Invalid JWT token" for
  /// everything else, a token for another audience among it.
  Result<SignedClaims> verify(std::string_view token, std::string_view audience, Time now) const;

 private:
  /// With the name that its tokens have for it.
  struct NamedKey {
    std::string id;
    JwtKey key;
  };

  bool is_genuine(std::string_view text, std::string_view signature, std::string_view key_id, Time now) const;

  std::vector<NamedKey> keys_;
};

/// Gives what to sign and check with just now; asked for every token, by any thread.
using JwtSource = std::function<std::shared_ptr<const Jwt>()>;

/// One key that stays.
JwtSource fixed_jwt(std::string secret);

}  // namespace leoflow::auth
