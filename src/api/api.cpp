#include "api/api.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "api/core/admission.hpp"
#include "api/core/audit.hpp"
#include "api/core/dag_access.hpp"
#include "api/core/leader_operations.hpp"
#include "api/core/origin.hpp"
#include "api/core/permissions.hpp"
#include "api/login/oidc_login.hpp"
#include "api/login/session.hpp"
#include "api/resources.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

bool changes_something(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

constexpr std::size_t kMostFromAnybody = 64 * 1024;  // bytes
constexpr std::size_t kMostRead = 8 * 1024 * 1024;   // of a document

constexpr std::string_view kVisitorHeaders = "x-leoflow-";

bool is_api_path(std::string_view path) {
  return path.starts_with("/api/v2/") || path.starts_with("/ui/") || path.starts_with("/auth/token");
}

}  // namespace

Api::Api(ApiConfig config, store::Database& database, engine::Commands& commands, const auth::Tokens& tokens,
         const auth::Sealer& sealer, const Clock& clock, Surroundings around)
    : config_(std::move(config)),
      around_(std::move(around)),
      services_{config_, database, commands, tokens, sealer, clock, around_},
      files_(config_.ui_folder, config_.login_folder, config_.docs_folder,
             config_.settings.enable_swagger_ui) {
  if (config_.settings.oidc) services_.oidc = std::make_unique<auth::oidc::Provider>(*config_.settings.oidc);
  bind_everything(registry_);
  for (std::size_t operation = 0; operation < gen::kOperationCount; ++operation) {
    if (!registry_.slot(operation))
      throw Fatal(fmt::format("no handler is bound to '{}'", gen::kRoutes[operation].operation));
  }
}

http::Response Api::handle(const http::Request& request) {
  const auto started = std::chrono::steady_clock::now();
  const Time began = services_.clock.now();
  std::size_t operation = ApiMetrics::kNoOperation;
  const auto record = [&](int status) {
    services_.metrics.record(operation, status, std::chrono::steady_clock::now() - started);
    if (around_.tracer != nullptr && operation != ApiMetrics::kPages)
      add_span(request, operation, status, began);
  };
  try {
    const Cors& cors = config_.settings.cors;
    auto preflight = cors.preflight(request);
    http::Response response = preflight ? std::move(*preflight) : route(request, operation);
    if (!preflight) cors.mark(request, response);
    record(response.status);
    return response;
  } catch (...) {
    record(500);
    throw;
  }
}

void Api::add_span(const http::Request& request, std::size_t operation, int status, Time started) {
  auto client = trace::Context::parse(request.header("traceparent"));
  if (client) client->state = request.header("tracestate");
  trace::Span span;
  span.context = around_.tracer->continue_from(client);
  if (!span.context.sampled) return;
  // Low cardinality, as OpenTelemetry asks for: the pattern, not the path.
  const std::string route(operation < gen::kOperationCount ? gen::kRoutes[operation].path : "");
  if (client) span.parent_id = client->span_id;
  span.name = request.method + (route.empty() ? "" : " " + route);
  span.kind = trace::Span::Kind::server;
  span.start = started;
  span.end = std::max(started, services_.clock.now());
  span.failed = status >= 500;
  span.attributes = {{"http.request.method", request.method},
                     {"url.path", request.path},
                     {"http.response.status_code", std::int64_t{status}},
                     {"client.address", config_.settings.proxies.client_of(request)}};
  if (!route.empty()) span.attributes.emplace_back("http.route", route);
  around_.tracer->add(std::move(span));
}

http::Response Api::route(const http::Request& request, std::size_t& operation) {
  if (!is_api_path(request.path)) return serve_page(request, operation);
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Router::Match match = router_.find(method, request.path);
  if (!match.operation) {
    if (!match.allowed.empty()) return http::method_not_allowed(match.allowed);
    // As in Airflow, whose pages answer to every path, but to GET only.
    if (method != "GET") return http::method_not_allowed("GET");
    return http::error_response(404, "Not Found");
  }
  operation = *match.operation;
  match.params.query = &request.query;
  match.params.headers = &request.headers;
  return dispatch(request, match);
}

http::Response Api::serve_page(const http::Request& request, std::size_t& operation) {
  operation = ApiMetrics::kPages;
  // Where Python is started on demand, nobody serves their pages.
  const auto is_plugins =
      services_.config.is_python_on_demand ? std::optional(false) : services_.plugins.serves(request.path);
  if (is_plugins.value_or(false)) {
    operation = ApiMetrics::kPlugins;
    http::Response response = around_.plugin_apps(for_plugins(request));
    // Pages of plugins are shown in frames of the UI.
    if (!response.has_header("x-frame-options"))
      response.headers.emplace_back("X-Frame-Options", "SAMEORIGIN");
    return response;
  }
  // A page can be looked at again; what others send to plugins must not be taken for one.
  if (!is_plugins && changes_something(request.method)) {
    http::Response response = http::error_response(503, "Plugins are still being read");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  if (auto elsewhere = provider_instead_of_page(request, services_)) return std::move(*elsewhere);
  if (!files_.is_ui_page(request)) return files_.serve(request, {});
  Call call(request, services_, "");
  return authenticate(call) ? files_.serve(request, services_.plugins.sources()) : login_redirect(request);
}

http::Request Api::for_plugins(const http::Request& request) {
  http::Request out = request;
  Call call(request, services_, "");
  const auto claims = authenticate(call);
  std::erase_if(out.headers, [](const auto& header) { return header.first.starts_with(kVisitorHeaders); });
  if (claims) {
    out.headers.emplace(std::string(kVisitorHeaders) + "user", claims->subject);
    out.headers.emplace(std::string(kVisitorHeaders) + "role", auth::role_name(claims->role));
  }
  // Code of plugins acts as nobody else: whoever needs the API asks it from the browser.
  if (claims && !request.bearer_token().empty()) out.headers.erase("authorization");
  http::remove_cookie(out, "_token");
  return out;
}

// The UI would find out by a refused request and go there itself, after loading all its scripts.
http::Response Api::login_redirect(const http::Request& request) {
  http::Response response;
  response.status = 307;
  const bool has_next = request.target.size() <= kLongestNext;
  response.headers.emplace_back("Location",
                                has_next ? "/auth/login?next=" + url_encode(request.target) : "/auth/login");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response Api::dispatch(const http::Request& request, const Router::Match& match) {
  const wire::Route& route = gen::kRoutes[*match.operation];
  // Whoever has not logged in has little to say.
  if (route.open && request.body.size() > kMostFromAnybody)
    return http::error_response(413, "Request body is too large");
  // A document takes many times its length once it is read; a project's is read by its own rules.
  if (request.body.size() > kMostRead && route.operation != "register_project")
    return http::error_response(413, "Request body is too large");
  Call call(request, services_, route.operation);
  auto claims = authenticate(call);
  if (claims) {
    call.user = std::move(*claims);
  } else if (!route.open) {
    services_.metrics.bad_tokens.add();
    return refusal(claims.error());
  }
  if (!route.open && call.user.role < required_role(route) && !is_given(call, route, match.params)) {
    services_.metrics.forbidden.add();
    return http::error_response(403, "Forbidden");
  }
  // Only what it would do itself is passed on, not what anybody sends.
  if (needs_leader(route)) {
    if (auto answer = around_.leader(request)) return std::move(*answer);
  }
  if (is_audited(route.operation)) audit(call, match.params);
  try {
    Result<Answer> answer = registry_.slot(*match.operation)(call, match.params);
    return answer ? std::move(*answer) : refusal(answer.error());
  } catch (const store::TooSlow& slow) {
    log::error("{} {}: {}", request.method, request.path, slow.what());
    return http::error_response(503, "The database took too long to answer this: ask for less at once");
  } catch (const store::Unavailable& away) {
    log::error("{} {}: {}", request.method, request.path, away.what());
    return http::error_response(503, "The database does not answer: try again");
  }
}

Result<auth::Claims> Api::authenticate(Call& call) {
  const http::Request& request = call.request;
  auto claims = admit(token_of(request), services_, [&call]() -> store::Session& { return call.db(); });
  if (!claims) return claims;
  // A cookie must not work from another site's page.
  if (request.bearer_token().empty() && changes_something(request.method) && is_cross_site(request) &&
      !config_.settings.cors.allows(request.header("origin"))) {
    return fail(ErrorCode::forbidden, "Forbidden");
  }
  return claims;
}

}  // namespace leoflow::api
