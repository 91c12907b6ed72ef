#include "auth/users.hpp"

namespace leoflow::auth {

std::optional<User> find_user(store::Session& session, std::string_view username) {
  const auto rows =
      session.query("SELECT username, password_hash, role FROM app_user WHERE username = $1", {username});
  if (rows.empty()) return std::nullopt;
  const auto role = parse_role(rows[0].text(2));
  if (!role) throw Fatal("user '" + rows[0].text(0) + "' has the unknown role '" + rows[0].text(2) + "'");
  return User{rows[0].text(0), rows[0].text(1), *role};
}

void put_user(store::Session& session, const User& user, Time now) {
  session.execute(
      "INSERT INTO app_user (username, password_hash, role, created_at, updated_at) VALUES ($1, $2, $3, $4, "
      "$5) "
      "ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role, "
      "updated_at = excluded.updated_at",
      {user.username, user.password_hash, role_name(user.role), now, now});
}

bool has_users(store::Session& session) {
  return !session.query("SELECT 1 FROM app_user LIMIT 1").empty();
}

bool has_one_user(store::Session& session) {
  return session.query("SELECT 1 FROM app_user LIMIT 2").size() == 1;
}

void revoke_token(store::Session& session, std::string_view token_id, Time expires_at) {
  session.execute("INSERT INTO revoked_token (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING",
                  {token_id, expires_at});
}

bool is_revoked(store::Session& session, std::string_view token_id) {
  return !session.query("SELECT 1 FROM revoked_token WHERE jti = $1", {token_id}).empty();
}

void forget_expired_revocations(store::Session& session, Time now) {
  session.execute("DELETE FROM revoked_token WHERE expires_at < $1", {now});
}

}  // namespace leoflow::auth
