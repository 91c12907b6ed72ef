#pragma once

#include <optional>
#include <string_view>

namespace leoflow::auth {

/// Airflow's roles, and before them one that sees no more than the DAGs that its groups are given; each may
/// what the ones before it may.
enum class Role { none, viewer, user, op, admin };

std::string_view role_name(Role role);
std::optional<Role> parse_role(std::string_view name);

}  // namespace leoflow::auth
