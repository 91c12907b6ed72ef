#include "auth/role.hpp"

namespace leoflow::auth {

std::string_view role_name(Role role) {
  switch (role) {
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
  for (const Role role : {Role::viewer, Role::user, Role::op, Role::admin}) {
    if (name == role_name(role)) return role;
  }
  return std::nullopt;
}

}  // namespace leoflow::auth
