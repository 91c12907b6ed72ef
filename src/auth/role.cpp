#include "auth/role.hpp"

#include "base/text.hpp"

namespace leoflow::auth {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::none:
      return "none";
    case Role::viewer:
      return "viewer";
    case Role::user:
      return "user";
    case Role::op:
      return "op";
    case Role::admin:
      return "admin";
  }
  return "viewer";
}

std::optional<Role> parse_role(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const Role role : {Role::none, Role::viewer, Role::user, Role::op, Role::admin}) {
    if (lower == role_name(role)) return role;
  }
  return std::nullopt;
}

}  // namespace leoflow::auth
