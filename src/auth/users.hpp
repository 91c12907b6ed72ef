#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/role.hpp"
#include "auth/tokens.hpp"
#include "base/clock.hpp"
#include "store/sql.hpp"

namespace leoflow::auth {

struct User {
  std::string username;
  std::string password_hash;
  Role role = Role::viewer;
};

std::optional<User> find_user(store::Session& session, std::string_view username);
/// Makes the user, or gives an existing one this password and role.
void put_user(store::Session& session, const User& user, Time now);
/// @returns false if there is none of that name.
bool delete_user(store::Session& session, std::string_view username);
bool set_role(store::Session& session, std::string_view username, Role role, Time now);

struct ListedUser {
  std::string username;
  Role role = Role::viewer;
  Time created_at;
  Time updated_at;
};

/// All users, by name.
std::vector<ListedUser> list_users(store::Session& session);
bool has_users(store::Session& session);
/// Whether there is nobody else who could do what is asked of a certain user.
bool has_one_user(store::Session& session);

void revoke_token(store::Session& session, std::string_view token_id, Time expires_at);
/// The role that the bearer of a verified token has now. Nothing if the token is revoked, its user is gone,
/// or it is older than the user's password.
std::optional<Role> admitted_role(store::Session& session, const Claims& claims);
/// Forgets revocations of tokens that have expired anyway.
void forget_expired_revocations(store::Session& session, Time now);

}  // namespace leoflow::auth
