#pragma once

#include <string>
#include <string_view>

#include "auth/oidc/keys.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::auth::oidc {

/// An ID token that was read, and not believed yet.
struct IdToken {
  Algorithm algorithm = Algorithm::rs256;
  std::string key_id;       ///< "" if it names none
  std::string signed_text;  ///< what the signature is of
  std::string signature;
  json::value claims;  ///< an object

  /// Errors: forbidden (not a signed token, or signed in a way that is not taken: "none" and HS256 among it).
  static Result<IdToken> parse(std::string_view text);

  bool is_signed_by(const KeySet& keys) const {
    return keys.verifies(algorithm, key_id, signed_text, signature);
  }
};

/// What a token must say.
struct Expected {
  std::string issuer;
  std::string client_id;
  std::string nonce;
};

/// Whether what a token says holds, here and now: OpenID Connect Core 1.0, 3.1.3.7.
/// Errors: forbidden, saying which claim is wrong.
Result<void> check_claims(const json::value& claims, const Expected& expected, Time now);

}  // namespace leoflow::auth::oidc
