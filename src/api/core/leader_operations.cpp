#include "api/core/leader_operations.hpp"

#include <algorithm>

namespace leoflow::api {

namespace {

// Sorted.
constexpr std::string_view kReadsOfLeader[] = {"get_config",
                                               "get_config_value",
                                               "get_connection_test",
                                               "get_jobs",
                                               "get_plugins",
                                               "get_providers",
                                               "get_task_instance_dependencies",
                                               "get_task_instance_dependencies_by_map_index",
                                               "hook_meta_data",
                                               "import_errors",
                                               "logout",
                                               "oidc_callback"};
static_assert(std::ranges::is_sorted(kReadsOfLeader));

/// A login only reads, and must work while nobody leads.
bool is_login(std::string_view operation) {
  return operation == "create_token" || operation == "create_token_cli";
}

}  // namespace

bool needs_leader(const wire::Route& route) {
  if (route.method != "GET") return !is_login(route.operation);
  return std::ranges::binary_search(kReadsOfLeader, route.operation);
}

}  // namespace leoflow::api
