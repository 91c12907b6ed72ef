#include "auth/users.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"

namespace leoflow::auth {

namespace {

constexpr std::size_t kLongestUsername = 250;
/// Tokens are taken for a while after they expired: clocks differ. Revocations must outlive that.
constexpr std::chrono::minutes kRevokedLonger{1};

Role role_of(store::Row row, std::size_t column) {
  const auto role = parse_role(row.text(column));
  if (!role) throw Fatal("user '" + row.text(0) + "' has the unknown role '" + row.text(column) + "'");
  return *role;
}

}  // namespace

bool is_possible_username(std::string_view username) {
  const auto is_hidden = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return !username.empty() && username.size() <= kLongestUsername && is_valid_utf8(username) &&
         std::ranges::none_of(username, is_hidden) && trim(username) == username &&
         !username.starts_with(kServicePrefix);
}

std::string groups_text(const std::vector<std::string>& groups) {
  return json::serialize(json::array(groups.begin(), groups.end()));
}

std::vector<std::string> groups_from(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) throw Fatal(fmt::format("'{}' is no list of groups", text));
  std::vector<std::string> out;
  for (const json::value& group : parsed->get_array()) out.emplace_back(group.as_string());
  return out;
}

std::optional<User> find_user(store::Session& session, std::string_view username) {
  const auto rows = session.query(
      "SELECT username, password_hash, role, group_names FROM app_user WHERE username = $1", {username});
  if (rows.empty()) return std::nullopt;
  return User{rows[0].text(0), rows[0].text(1), role_of(rows[0], 2), groups_from(rows[0].text(3))};
}

void put_user(store::Session& session, const User& user, Time now) {
  session.execute(
      "INSERT INTO app_user (username, password_hash, role, created_at, updated_at, tokens_valid_from,"
      " group_names) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (username) DO UPDATE SET"
      " role = excluded.role, group_names = excluded.group_names,"
      " updated_at = excluded.updated_at, password_hash = excluded.password_hash, oidc_issuer = NULL,"
      " oidc_subject = NULL, tokens_valid_from ="
      " CASE WHEN app_user.password_hash = excluded.password_hash THEN app_user.tokens_valid_from"
      " ELSE excluded.tokens_valid_from END",
      {user.username, user.password_hash, role_name(user.role), now, now, now, groups_text(user.groups)});
}

bool delete_user(store::Session& session, std::string_view username) {
  return session.execute("DELETE FROM app_user WHERE username = $1", {username}) > 0;
}

bool set_role(store::Session& session, std::string_view username, Role role, Time now) {
  return session.execute("UPDATE app_user SET role = $2, updated_at = $3 WHERE username = $1",
                         {username, role_name(role), now}) > 0;
}

bool set_groups(store::Session& session, std::string_view username, const std::vector<std::string>& groups,
                Time now) {
  return session.execute("UPDATE app_user SET group_names = $2, updated_at = $3 WHERE username = $1",
                         {username, groups_text(groups), now}) > 0;
}

std::vector<ListedUser> list_users(store::Session& session) {
  std::vector<ListedUser> users;
  for (const store::Row row :
       session.query("SELECT username, role, created_at, updated_at, oidc_subject, group_names FROM app_user"
                     " ORDER BY username")) {
    users.push_back({row.text(0), role_of(row, 1), groups_from(row.text(5)), row.find_text(4).has_value(),
                     row.time(2), row.time(3)});
  }
  return users;
}

bool has_one_user(store::Session& session) {
  return session.query("SELECT 1 FROM app_user LIMIT 2").size() == 1;
}

bool logs_in_outside(store::Session& session, std::string_view username) {
  return !session.query("SELECT 1 FROM app_user WHERE username = $1 AND oidc_issuer IS NOT NULL", {username})
              .empty();
}

Result<std::string> put_outside_user(store::Session& session, const OutsideId& id, std::string_view username,
                                     Role role, const std::vector<std::string>& groups, Time now) {
  const auto known = session.query(
      "SELECT username FROM app_user WHERE oidc_issuer = $1 AND oidc_subject = $2", {id.issuer, id.subject});
  if (!known.empty()) {
    set_role(session, known[0].text(0), role, now);
    set_groups(session, known[0].text(0), groups, now);
    return known[0].text(0);
  }
  if (find_user(session, username))
    return fail(ErrorCode::conflict, fmt::format("there is another user '{}' here already", username));
  session.execute(
      "INSERT INTO app_user (username, password_hash, role, created_at, updated_at, tokens_valid_from,"
      " oidc_issuer, oidc_subject, group_names) VALUES ($1, '', $2, $3, $4, $5, $6, $7, $8)",
      {username, role_name(role), now, now, now, id.issuer, id.subject, groups_text(groups)});
  return std::string(username);
}

void end_outside_logins(store::Session& session, const OutsideId& id, Time now) {
  session.execute("UPDATE app_user SET tokens_valid_from = $3 WHERE oidc_issuer = $1 AND oidc_subject = $2",
                  {id.issuer, id.subject, now});
}

void revoke_token(store::Session& session, std::string_view token_id, Time expires_at) {
  session.execute("INSERT INTO revoked_token (jti, expires_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING",
                  {token_id, expires_at});
}

std::optional<Standing> find_standing(store::Session& session, const Claims& claims) {
  const auto rows = session.query(
      "SELECT u.username, u.role, u.tokens_valid_from, r.jti, u.group_names FROM app_user u LEFT JOIN "
      "revoked_token r"
      " ON r.jti = $2 WHERE u.username = $1",
      {claims.subject, claims.id});
  if (rows.empty() || rows[0].find_text(3) || claims.issued_at < rows[0].time(2)) return std::nullopt;
  return Standing{role_of(rows[0], 1), groups_from(rows[0].text(4))};
}

void forget_expired_revocations(store::Session& session, Time now) {
  session.execute("DELETE FROM revoked_token WHERE expires_at < $1", {now - kRevokedLonger});
}

}  // namespace leoflow::auth
