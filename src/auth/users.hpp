#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/role.hpp"
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
bool has_users(store::Session& session);
/// Whether there is nobody else who could do what is asked of a certain user.
bool has_one_user(store::Session& session);

void revoke_token(store::Session& session, std::string_view token_id, Time expires_at);
bool is_revoked(store::Session& session, std::string_view token_id);
/// Forgets revocations of tokens that have expired anyway.
void forget_expired_revocations(store::Session& session, Time now);

}  // namespace leoflow::auth
