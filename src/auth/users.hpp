#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/role.hpp"
#include "auth/tokens.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/sql.hpp"

namespace leoflow::auth {

struct User {
  std::string username;
  std::string password_hash;  ///< "" for who logs in elsewhere
  Role role = Role::viewer;
  std::vector<std::string> groups{};
};

/// What the names of services begin with, where they stand beside those of people.
inline constexpr std::string_view kServicePrefix = "service:";

/// Of a name that people can have: not empty, not long, without what does not show; and none of a service.
bool is_possible_username(std::string_view username);

/// Groups as the database keeps them.
std::string groups_text(const std::vector<std::string>& groups);
std::vector<std::string> groups_from(std::string_view text);

std::optional<User> find_user(store::Session& session, std::string_view username);
/// Makes the user, or gives an existing one this password, role and groups; who logged in elsewhere does so
/// no longer.
void put_user(store::Session& session, const User& user, Time now);
/// @returns false if there is none of that name.
bool delete_user(store::Session& session, std::string_view username);
bool set_role(store::Session& session, std::string_view username, Role role, Time now);
bool set_groups(store::Session& session, std::string_view username, const std::vector<std::string>& groups,
                Time now);

struct ListedUser {
  std::string username;
  Role role = Role::viewer;
  std::vector<std::string> groups;
  bool is_from_provider = false;  ///< logs in at an OpenID provider
  Time created_at;
  Time updated_at;
};

/// All users, by name.
std::vector<ListedUser> list_users(store::Session& session);
/// Whether there is nobody else who could do what is asked of a certain user.
bool has_one_user(store::Session& session);

/// Whom an OpenID provider knows: subjects are unique within their issuer.
struct OutsideId {
  std::string issuer;
  std::string subject;
};

/// Whether a provider lets them in, not a password.
bool logs_in_outside(store::Session& session, std::string_view username);

/// Makes the user whom a provider has let in, or gives an existing one the role and the groups.
/// @param username  of a new one; one that is known keeps its own.
/// @returns that name. Errors: conflict (somebody else has it).
Result<std::string> put_outside_user(store::Session& session, const OutsideId& id, std::string_view username,
                                     Role role, const std::vector<std::string>& groups, Time now);
/// Ends all logins of one, if it is known.
void end_outside_logins(store::Session& session, const OutsideId& id, Time now);

void revoke_token(store::Session& session, std::string_view token_id, Time expires_at);
/// What a user is at the moment.
struct Standing {
  Role role = Role::viewer;
  std::vector<std::string> groups;

  bool operator==(const Standing&) const = default;
};

/// Of the bearer of a verified token. Nothing if the token is revoked, its user is gone, or it is older than
/// the user's password.
std::optional<Standing> find_standing(store::Session& session, const Claims& claims);
/// Forgets revocations of tokens that have expired so long ago that nobody takes them anyway.
void forget_expired_revocations(store::Session& session, Time now);

}  // namespace leoflow::auth
