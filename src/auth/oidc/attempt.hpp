#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/jwt.hpp"
#include "base/clock.hpp"

namespace leoflow::auth::oidc {

/// A login that began, and what ties its end to it. The browser keeps it, signed, so that any server with the
/// same keys can end what another began.
struct Attempt {
  static constexpr std::chrono::seconds kLife{600};

  std::string state;     ///< comes back with the browser: nobody else has begun this
  std::string nonce;     ///< comes back in the ID token: it is of this login
  std::string verifier;  ///< PKCE: only who began may redeem the code
  std::string next;      ///< where the browser wants to go then

  static Attempt begin(std::string next);

  /// PKCE's S256 of the verifier.
  std::string challenge() const;

  std::string seal(const Jwt& jwt, Time now) const;
  /// nullopt for what is no attempt, of other keys, or too old.
  static std::optional<Attempt> open(std::string_view sealed, const Jwt& jwt, Time now);
};

}  // namespace leoflow::auth::oidc
