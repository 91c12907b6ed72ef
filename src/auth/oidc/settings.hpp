#pragma once

#include <map>
#include <optional>
#include <string>

#include "auth/role.hpp"
#include "base/result.hpp"
#include "base/variables.hpp"

/// Logging in at an OpenID provider: OpenID Connect Core 1.0, its authorization code with PKCE (RFC 7636).
namespace leoflow::auth::oidc {

/// What can be set of it. Constant once the server runs.
struct Settings {
  std::string issuer;         ///< https://…, or http:// of this host
  std::string client_id;      ///< as the provider knows us
  std::string client_secret;  ///< "" for a client without one
  std::string scopes = "openid profile email";
  std::string redirect_url;  ///< where the provider sends browsers back to: our callback
  std::string username_claim = "email";
  std::string groups_claim = "groups";
  std::map<std::string, Role> role_mappings;  ///< by group
  std::optional<Role> default_role;           ///< of who is in none of these; nothing: they may not in
  std::string ca;                             ///< PEM: who signs the provider's certificate; "": the system's
};

/// Where the callback is on this server.
inline constexpr std::string_view kCallbackPath = "/api/v2/auth/oidc/callback";

/// Whether a URL is one that secrets may be sent to: https, or of this host.
bool is_private_url(std::string_view url);

/// From LEOFLOW_AUTH_OIDC_*, and of Airflow's AIRFLOW__API__BASE_URL. Nothing if none of the former is set.
/// Errors: invalid (also without an issuer), naming the variable; a client secret is never shown.
Result<std::optional<Settings>> read_settings(const Variables& variables);

}  // namespace leoflow::auth::oidc
