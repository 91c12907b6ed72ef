#include "api/login/oidc_login.hpp"

#include <fmt/format.h>
#include <semaphore>

#include "api/core/registry.hpp"
#include "api/login/notice_page.hpp"
#include "api/login/session.hpp"
#include "api/resources.hpp"
#include "auth/users.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/turn.hpp"

namespace leoflow::api {

namespace {

using auth::oidc::Attempt;

constexpr std::string_view kLoginPath = "/api/v2/auth/oidc/login";
constexpr std::string_view kCookiePath = "/api/v2/auth/oidc";
/// Letters of the state; two logins of one browser at once do not have the same.
constexpr std::size_t kNameLetters = 8;

/// Each login that a browser has begun has its own, so that many tabs can log in at once.
std::string cookie_name(std::string_view state) {
  return fmt::format("_oidc_{}", state.substr(0, kNameLetters));
}

/// @param seconds  how long the browser keeps it.
std::pair<std::string, std::string> attempt_cookie(const Call& call, std::string_view state,
                                                   std::string_view sealed, std::chrono::seconds life) {
  const bool is_https = call.api.oidc->settings().redirect_url.starts_with("https://");
  return {"Set-Cookie",
          fmt::format("{}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{}", cookie_name(state), sealed,
                      kCookiePath, life.count(), is_https ? "; Secure" : "")};
}

std::unexpected<Error> no_provider() {
  return fail(ErrorCode::not_found, "Nobody logs in at an OpenID provider here");
}

Answer notice(int status, std::string_view title, std::string_view text) {
  return notice_page(status, title, text, {"/auth/login", "Try again"});
}

Answer notice_of(const Error& error) {
  return error.code == ErrorCode::unavailable
             ? notice(503, "The login does not work just now", "The OpenID provider cannot be asked.")
             : notice(403, "You were not logged in", error.message);
}

/// The provider may take seconds to answer. So many at once leave threads for everybody else.
std::counting_semaphore<4> provider_places(4);

Answer too_many() {
  return notice(503, "Too many logins at once", "Others are being logged in just now.");
}

Result<Answer> oidc_login(Call& call, const gen::OidcLoginParams& params) {
  if (!call.api.oidc) return no_provider();
  std::string next = params.next.value_or("");
  if (next.empty()) next = "/";
  if (!is_safe_next(call.request, next)) return fail(ErrorCode::invalid, "Invalid or unsafe next URL");
  const Turn turn(provider_places);
  if (!turn.is_taken()) return too_many();
  const Attempt attempt = Attempt::begin(std::move(next));
  auto url = call.api.oidc->authorization_url(attempt, call.now());
  if (!url) return notice_of(url.error());
  Answer answer = redirect(std::move(*url));
  answer.headers.push_back(
      attempt_cookie(call, attempt.state, attempt.seal(*call.api.tokens.keys(), call.now()), Attempt::kLife));
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

/// Who comes in by a provider is written down as who changes something: their role may be a new one.
void note_login(store::Session& session, std::string_view username, auth::Role role, Time now) {
  session.execute(
      "INSERT INTO event_log (created_at, event, owner, extra) VALUES ($1, $2, $3, $4)",
      {now, "oidc_login", username, json::serialize(json::object{{"role", auth::role_name(role)}})});
}

/// @returns the name of the user, who is in the database then.
Result<std::string> let_in(Call& call, const auth::oidc::Identity& identity, Time now) {
  const auto role = auth::oidc::role_of(identity, call.api.oidc->settings());
  std::string username;
  auto written = call.api.commands.write([&](store::Session& session) -> Result<void> {
    const auth::OutsideId id{identity.issuer, identity.subject};
    if (!role) return auth::end_outside_logins(session, id, now), Result<void>{};
    auto put = auth::put_outside_user(session, id, identity.username, *role, identity.groups, now);
    if (!put) return std::unexpected(put.error());
    username = std::move(*put);
    note_login(session, username, *role, now);
    return {};
  });
  if (!written) return std::unexpected(written.error());
  if (!role)
    return fail(
        ErrorCode::forbidden,
        fmt::format("None of the groups of {} has a role here. Whoever runs this server can give it one.",
                    identity.username));
  return username;
}

Answer finish(Call& call, const Attempt& attempt, const auth::oidc::Identity& identity) {
  // Not before the user is there: a token of before that does not hold.
  const Time now = call.now();
  const auto username = let_in(call, identity, now);
  if (!username) {
    log::info("OIDC: {} of {} may not in: {}", identity.subject, identity.issuer, username.error().message);
    return notice_of(username.error());
  }
  log::info("OIDC: '{}' is logged in", *username);
  Answer answer = redirect(attempt.next);
  const bool is_https = call.api.oidc->settings().redirect_url.starts_with("https://");
  // The role in a token is not believed: that of the database is.
  const std::string token =
      call.api.tokens.issue(*username, auth::Role::viewer, now, auth::Tokens::kUserLife);
  answer.headers.push_back(session_cookie(token, is_https ? "; Secure" : ""));
  return answer;
}

/// What the browser brings back, turned into who has logged in, and in the login that this browser began.
Answer come_back(Call& call, const gen::OidcCallbackParams& params, const Attempt& attempt) {
  auth::oidc::Provider& provider = *call.api.oidc;
  if (params.iss.value_or(provider.settings().issuer) != provider.settings().issuer)
    return notice(403, "You were not logged in", "Another provider answered than the one that was asked.");
  if (params.error)
    return notice(403, "You were not logged in", fmt::format("The provider says: {}", *params.error));
  const Turn turn(provider_places);
  if (!turn.is_taken()) return too_many();
  const auto identity = provider.redeem(params.code.value_or(""), attempt, call.now());
  if (!identity) {
    log::info("OIDC: a login was refused: {}", identity.error().message);
    return notice_of(identity.error());
  }
  return finish(call, attempt, *identity);
}

Result<Answer> oidc_callback(Call& call, const gen::OidcCallbackParams& params) {
  if (!call.api.oidc) return no_provider();
  const std::string state = params.state.value_or("");
  const auto attempt =
      Attempt::open(call.request.cookie(cookie_name(state)), *call.api.tokens.keys(), call.now());
  if (!attempt || attempt->state != state)
    return notice(400, "You were not logged in", "This login was begun in another browser, or too long ago.");
  Answer answer = come_back(call, params, *attempt);
  answer.headers.push_back(attempt_cookie(call, state, "", std::chrono::seconds{0}));
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  return answer;
}

}  // namespace

std::optional<http::Response> provider_instead_of_page(const http::Request& request,
                                                       const Services& services) {
  if (!services.oidc || request.method != "GET" || request.path != "/auth/login" ||
      request.query.contains("local"))
    return std::nullopt;
  const auto next = request.query.find("next");
  const bool has_next = next != request.query.end() && next->second.size() <= kLongestNext;
  http::Response response =
      redirect(std::string(kLoginPath) + (has_next ? "?next=" + url_encode(next->second) : ""));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

void bind_oidc_login(Registry& registry) {
  registry.bind<op::oidc_login>(oidc_login);
  registry.bind<op::oidc_callback>(oidc_callback);
}

}  // namespace leoflow::api
