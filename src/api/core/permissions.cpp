#include "api/core/permissions.hpp"

namespace leoflow::api {

namespace {

using auth::Role;

bool is_under(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

/// Reads, also by POST, and the marks that readers make for themselves.
bool viewers_may(const wire::Route& route) {
  const std::string_view path = route.path;
  return route.method == "GET" || path.ends_with("/list") || path.ends_with("/favorite") ||
         path.ends_with("/unfavorite") || path == "/ui/auth/token";
}

/// What the people who run the installation look after, not the authors of DAGs.
bool is_infrastructure(std::string_view path) {
  return is_under(path, "/api/v2/pools") || is_under(path, "/api/v2/assets") ||
         is_under(path, "/api/v2/projects") || path.ends_with("/queuedEvents");
}

bool is_secret(const wire::Route& route) {
  // Who has the token of a test has started it.
  if (route.method == "GET" && route.path == "/api/v2/connections/enqueue-test") return false;
  return is_under(route.path, "/api/v2/connections") || is_under(route.path, "/api/v2/variables") ||
         is_under(route.path, "/ui/connections");
}

}  // namespace

auth::Role required_role(const wire::Route& route) {
  if (is_under(route.path, "/api/v2/serviceTokens")) return Role::admin;
  if (is_secret(route)) return Role::op;
  if (viewers_may(route)) return Role::viewer;
  return is_infrastructure(route.path) ? Role::op : Role::user;
}

}  // namespace leoflow::api
