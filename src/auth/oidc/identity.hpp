#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/oidc/settings.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::auth::oidc {

/// Who somebody is, as their provider says.
struct Identity {
  std::string issuer;
  std::string subject;  ///< never changes, and nobody else of the issuer has it
  std::string username;
  std::vector<std::string> groups;
};

/// A claim by its name, or by the way to it: "realm_access.roles". Null if there is none.
const json::value* find_claim(const json::value& claims, std::string_view name);

/// From claims that were checked. Errors: forbidden (no name, or one that nobody may have).
Result<Identity> identity_of(const json::value& claims, const Settings& settings);

/// The highest of the roles that somebody's groups give, else the default. Nothing: they may not in.
std::optional<Role> role_of(const Identity& identity, const Settings& settings);

}  // namespace leoflow::auth::oidc
