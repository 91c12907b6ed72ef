#include "api/api.hpp"

#include <fmt/core.h>

#include "api/core/permissions.hpp"
#include "api/resources.hpp"
#include "auth/users.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

/// Browsers send Origin with every request that changes something. A cookie must
/// not work from another site's page.
bool is_cross_site(const http::Request& request) {
  const std::string_view origin = request.header("origin");
  const std::size_t scheme_end = origin.find("://");
  return scheme_end != std::string_view::npos && origin.substr(scheme_end + 3) != request.header("host");
}

bool changes_something(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

bool is_api_path(std::string_view path) {
  return path.starts_with("/api/v2/") || path.starts_with("/ui/") || path.starts_with("/auth/token");
}

}  // namespace

Api::Api(ApiConfig config, store::Database& database, engine::Commands& commands, const auth::Tokens& tokens,
         const auth::Sealer& sealer, const Clock& clock)
    : config_(std::move(config)),
      services_{config_, database, commands, tokens, sealer, clock},
      files_(config_.ui_folder, config_.login_folder) {
  bind_everything(registry_);
}

http::Response Api::handle(const http::Request& request) {
  if (!is_api_path(request.path)) {
    return files_.is_ui_page(request) && !is_logged_in(request) ? login_redirect(request)
                                                                : files_.serve(request);
  }
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Router::Match match = router_.find(method, request.path);
  if (!match.operation) {
    if (match.wrong_method) return http::error_response(405, "Method Not Allowed");
    return http::error_response(404, "Not Found");
  }
  match.params.query = &request.query;
  match.params.headers = &request.headers;
  return dispatch(request, match);
}

bool Api::is_logged_in(const http::Request& request) {
  Call call(request, services_, "");
  return authenticate(call).has_value();
}

// The UI would find out by a refused request and go there itself, after loading all its scripts.
http::Response Api::login_redirect(const http::Request& request) {
  http::Response response;
  response.status = 307;
  response.headers.emplace_back("Location", "/auth/login?next=" + url_encode(request.target));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response Api::dispatch(const http::Request& request, const Router::Match& match) {
  const wire::Route& route = gen::kRoutes[*match.operation];
  Call call(request, services_, route.operation);
  auto claims = authenticate(call);
  if (claims) {
    call.user = std::move(*claims);
  } else if (!route.open) {
    return refusal(claims.error());
  }
  if (!route.open && call.user.role < required_role(route)) return http::error_response(403, "Forbidden");
  const Registry::Slot& slot = registry_.slot(*match.operation);
  if (!slot) {
    return http::error_response(501, fmt::format("operation '{}' is not implemented yet", route.operation));
  }
  const Result<Answer> answer = slot(call, match.params);
  return answer ? *answer : refusal(answer.error());
}

Result<auth::Claims> Api::authenticate(Call& call) {
  const http::Request& request = call.request;
  std::string_view token = request.header("authorization");
  bool from_cookie = false;
  if (token.size() > 7 && (token.starts_with("Bearer ") || token.starts_with("bearer "))) {
    token.remove_prefix(7);
  } else {
    token = request.cookie("_token");
    from_cookie = true;
  }
  if (token.empty()) return fail(ErrorCode::unauthenticated, "Not authenticated");
  auto claims = services_.tokens.verify(token, call.now());
  if (!claims) return claims;
  const auto role = auth::admitted_role(call.db(), *claims);
  if (!role) return fail(ErrorCode::forbidden, "Invalid JWT token");
  claims->role = *role;
  if (from_cookie && changes_something(request.method) && is_cross_site(request)) {
    return fail(ErrorCode::forbidden, "Forbidden");
  }
  return claims;
}

}  // namespace leoflow::api
