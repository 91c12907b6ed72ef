#include "auth/service_tokens.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "auth/users.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"

namespace leoflow::auth {
namespace {

/// Scanners for lost secrets find them by it.
constexpr std::string_view kTokenPrefix = "leoflow_st_";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kLongestServiceName = 100;

Role service_role(const std::string& name, const std::string& text) {
  const auto role = parse_role(text);
  if (!role) throw Fatal("service '" + name + "' has the unknown role '" + text + "'");
  return *role;
}

}  // namespace

bool is_possible_service_name(std::string_view name) {
  const auto fits = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kLongestServiceName && std::ranges::all_of(name, fits);
}

Result<std::string> create_service_token(store::Session& session, const ServiceToken& token) {
  std::string text = std::string(kTokenPrefix) + to_base64_url(random_bytes(kTokenBytes));
  const auto made = session.execute(
      "INSERT INTO service_token (name, token_hash, role, created_at, created_by, expires_at, group_names)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING",
      {token.name, sha256_hex(text), role_name(token.role), token.created_at, token.created_by,
       token.expires_at, groups_text(token.groups)});
  if (made == 0)
    return fail(ErrorCode::conflict, fmt::format("there is a token of the service '{}' already", token.name));
  return text;
}

std::vector<ServiceToken> list_service_tokens(store::Session& session) {
  std::vector<ServiceToken> out;
  for (const store::Row row : session.query("SELECT name, role, created_at, created_by, expires_at, "
                                            "group_names FROM service_token ORDER BY name")) {
    out.push_back({row.text(0), service_role(row.text(0), row.text(1)), row.time(2), row.find_text(3),
                   row.find_time(4), groups_from(row.text(5))});
  }
  return out;
}

bool revoke_service_token(store::Session& session, std::string_view name) {
  return session.execute("DELETE FROM service_token WHERE name = $1", {name}) > 0;
}

bool is_service_token(std::string_view token) {
  return token.starts_with(kTokenPrefix);
}

Result<Claims> admitted_service(store::Session& session, std::string_view token, Time now) {
  const auto rows = session.query(
      "SELECT name, role, created_at, expires_at, group_names FROM service_token WHERE token_hash = $1",
      {sha256_hex(token)});
  if (rows.empty()) return fail(ErrorCode::forbidden, "Invalid JWT token");
  const auto expires_at = rows[0].find_time(3);
  if (expires_at && *expires_at <= now) return fail(ErrorCode::unauthenticated, "Token Expired");
  const std::string name = rows[0].text(0);
  return Claims{"",
                std::string(kServicePrefix) + name,
                service_role(name, rows[0].text(1)),
                rows[0].time(2),
                expires_at.value_or(Time::max()),
                groups_from(rows[0].text(4))};
}

}  // namespace leoflow::auth
