#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/role.hpp"
#include "auth/tokens.hpp"
#include "base/result.hpp"
#include "store/sql.hpp"

/// The tokens of programs: long-lived, each with a name and a role, known to the database by their hash
/// alone. The database is asked at every call, so a revoked one is refused at once by every server.
namespace leoflow::auth {

struct ServiceToken {
  std::string name;  ///< calls are those of "service:name"
  Role role = Role::viewer;
  Time created_at;
  std::optional<std::string> created_by;
  std::optional<Time> expires_at{};  ///< nothing: it holds until it is revoked
  std::vector<std::string> groups{};
};

/// Whether a service can have that name: up to 100 letters, digits, '-', '_' and '.'.
bool is_possible_service_name(std::string_view name);

/// @returns the token, which nothing shows again. Errors: conflict (the name is taken).
Result<std::string> create_service_token(store::Session& session, const ServiceToken& token);
/// All, by name.
std::vector<ServiceToken> list_service_tokens(store::Session& session);
/// @returns false if there is none of that name.
bool revoke_service_token(store::Session& session, std::string_view name);

/// Whether a text has the form of these tokens, which no token of a user has.
bool is_service_token(std::string_view token);
/// Whose calls those with this token are.
/// Errors: unauthenticated "Token Expired"; forbidden "Invalid JWT token": there is none, or not any more.
Result<Claims> admitted_service(store::Session& session, std::string_view token, Time now);

}  // namespace leoflow::auth
