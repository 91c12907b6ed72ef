#include "auth/oidc/identity.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "auth/users.hpp"

namespace leoflow::auth::oidc {
namespace {

/// One group may be told as a text of its own.
std::vector<std::string> texts_of(const json::value* claim) {
  std::vector<std::string> out;
  if (claim != nullptr && claim->is_string()) out.emplace_back(claim->get_string());
  if (claim != nullptr && claim->is_array()) {
    for (const json::value& item : claim->get_array()) {
      if (item.is_string()) out.emplace_back(item.get_string());
    }
  }
  return out;
}

}  // namespace

const json::value* find_claim(const json::value& claims, std::string_view name) {
  if (const json::value* whole = find(claims, name)) return whole;
  const std::size_t dot = name.find('.');
  const json::value* inner = dot == std::string_view::npos ? nullptr : find(claims, name.substr(0, dot));
  return inner == nullptr ? nullptr : find_claim(*inner, name.substr(dot + 1));
}

/// Some providers say it as a text. One that says nothing has not done it.
bool is_verified(const json::value& claims) {
  return get_bool(claims, "email_verified", false) || get_text(claims, "email_verified") == "true";
}

Result<Identity> identity_of(const json::value& claims, const Settings& settings) {
  const json::value* name = find_claim(claims, settings.username_claim);
  if (name == nullptr || !name->is_string())
    return fail(
        ErrorCode::forbidden,
        fmt::format("the provider does not say your '{}', which is your name here", settings.username_claim));
  Identity out{get_text(claims, "iss"), get_text(claims, "sub"), std::string(name->get_string()),
               texts_of(find_claim(claims, settings.groups_claim))};
  if (!is_possible_username(out.username))
    return fail(ErrorCode::forbidden, fmt::format("'{}' cannot be the name of a user", out.username));
  // Who may write any address there could be anybody here.
  if (settings.username_claim == "email" && !is_verified(claims))
    return fail(ErrorCode::forbidden,
                fmt::format("the provider does not say that it has verified the address '{}'", out.username));
  return out;
}

std::optional<Role> role_of(const Identity& identity, const Settings& settings) {
  std::optional<Role> highest;
  for (const std::string& group : identity.groups) {
    const auto mapped = settings.role_mappings.find(group);
    if (mapped != settings.role_mappings.end() && (!highest || *highest < mapped->second))
      highest = mapped->second;
  }
  return highest ? highest : settings.default_role;
}

}  // namespace leoflow::auth::oidc
