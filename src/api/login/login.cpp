#include <fmt/core.h>
#include <semaphore>

#include "api/core/origin.hpp"
#include "api/core/registry.hpp"
#include "api/login/notice_page.hpp"
#include "api/login/session.hpp"
#include "api/resources.hpp"
#include "auth/passwords.hpp"
#include "auth/users.hpp"
#include "base/text.hpp"
#include "base/turn.hpp"

namespace leoflow::api {

namespace {

/// What login clients post: JSON, or a form.
std::optional<json::value> read_credentials(const http::Request& request, wire::Problems& problems) {
  const std::string_view type = request.header("content-type");
  if (type.starts_with("application/x-www-form-urlencoded")) {
    http::Request form;
    http::parse_target("/?" + request.body, form);
    json::object fields;
    for (const auto& [name, value] : form.query) fields[name] = value;
    return fields;
  }
  auto parsed = parse_json(request.body);
  if (!parsed) {
    problems.add(wire::Location(wire::Location("body"), std::int64_t{0}), "json_invalid", "JSON decode error",
                 json::object{}, {{"error", parsed.error().message}});
    return std::nullopt;
  }
  return std::move(*parsed);
}

Answer too_many_tries(std::chrono::seconds wait, std::string_view why) {
  Answer answer = http::error_response(429, why);
  answer.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return answer;
}

/// Looking at a password takes long on purpose. So many at once leave threads for everybody else.
std::counting_semaphore<4> password_places(4);

/// The user, if the password is theirs. Takes as long for unknown names.
std::optional<auth::User> check_password(Call& call, const gen::LoginBody& body) {
  static const std::string kNobody = auth::hash_password("nobody has this password");
  auto user = auth::find_user(call.db(), body.username);
  const bool has_password = user && !user->password_hash.empty();
  const bool right = auth::password_matches(body.password, has_password ? user->password_hash : kNobody);
  if (!right || !has_password) return std::nullopt;
  return user;
}

/// @param with_session  the browser that asked keeps the token as its cookie.
Result<Answer> log_in(Call& call, gen::LoginBody& body, std::chrono::seconds life, bool with_session) {
  if (body.username.empty() || body.password.empty()) {
    return fail(ErrorCode::invalid, "Username and password must be provided");
  }
  // PostgreSQL reads a name up to there: it would be somebody else's, with tries of its own.
  if (body.username.contains('\0')) return fail(ErrorCode::unauthenticated, "Invalid credentials");
  const Turn turn(password_places);
  if (!turn.is_taken()) return too_many_tries(std::chrono::seconds{1}, "Too many logins at once. Try again");
  // Not the name itself: somebody may send very long ones.
  const std::string key =
      call.api.config.settings.proxies.client_of(call.request) + " " + sha256_hex(body.username);
  if (const auto wait = call.api.login_limiter.take(key, call.now())) {
    call.api.metrics.too_many_tries.add();
    return too_many_tries(*wait, "Too many failed logins. Try again later");
  }
  const auto user = check_password(call, body);
  if (!user) {
    call.api.metrics.wrong_passwords.add();
    return fail(ErrorCode::unauthenticated, "Invalid credentials");
  }
  call.api.login_limiter.forgive(key);
  gen::LoginResponse response;
  response.access_token = call.api.tokens.issue(user->username, user->role, call.began, life);
  Answer answer = ok(response, 201);
  if (with_session) {
    // What the browser says, for the server may be behind one that speaks TLS for it.
    const bool is_https = call.request.header("origin").starts_with("https://");
    answer.headers.push_back(session_cookie(response.access_token, is_https ? "; Secure" : ""));
  }
  return answer;
}

Result<Answer> create_token_all_admins(Call&, const gen::CreateTokenAllAdminsParams&) {
  return fail(ErrorCode::forbidden,
              "This method is only allowed if ``[core] simple_auth_manager_all_admins`` is True");
}

Result<Answer> login(Call& call, const gen::LoginParams& params) {
  if (params.next.value_or("").empty()) return redirect("/auth/login");
  if (!is_safe_next(call.request, *params.next))
    return fail(ErrorCode::invalid, "Invalid or unsafe next URL");
  return redirect("/auth/login?next=" + url_encode(*params.next));
}

Result<Answer> logout(Call& call, const gen::LogoutParams&) {
  // A request may have two: that of the header admits, that of the cookie is the browser's session.
  std::vector<auth::Claims> sessions;
  for (const std::string_view token : {call.request.bearer_token(), call.request.cookie("_token")}) {
    if (auto claims = call.api.tokens.verify(token, call.now())) sessions.push_back(std::move(*claims));
  }
  if (!sessions.empty()) {
    auto revoked =
        call.api.commands.write([sessions, now = call.now()](store::Session& session) -> Result<void> {
          for (const auth::Claims& claims : sessions)
            auth::revoke_token(session, claims.id, claims.expires_at);
          auth::forget_expired_revocations(session, now);
          return {};
        });
    if (!revoked) return std::unexpected(revoked.error());
  }
  // The provider would log the browser in again at once.
  Answer answer = call.api.oidc
                      ? notice_page(200, "You are logged out", "Your login at the provider goes on.",
                                    {"/auth/login", "Log in again"})
                      : redirect("/auth/login");
  answer.headers.push_back(session_cookie("", "; Max-Age=0"));
  return answer;
}

Result<Answer> get_current_user_info(Call& call, const gen::GetCurrentUserInfoParams&) {
  gen::AuthenticatedMeResponse me;
  me.id = call.user.subject;
  me.username = call.user.subject;
  return ok(me);
}

Result<Answer> get_auth_menus(Call& call, const gen::GetAuthMenusParams&) {
  gen::MenuItemCollectionResponse menus;
  // Of what is not of DAGs, who sees single DAGs sees nothing.
  if (call.user.role < auth::Role::viewer) {
    menus.authorized_menu_items = {"Required Actions", "Audit Log", "Dags", "Deadlines", "Docs", "XComs"};
    return ok(menus);
  }
  menus.authorized_menu_items = {
      "Required Actions", "Assets", "Audit Log", "Config",  "Connections", "Dags",
      "Deadlines",        "Docs",   "Jobs",      "Plugins", "Pools",       "Providers",
      "Variables",        "XComs"};
  return ok(menus);
}

Result<Answer> generate_token(Call& call, const gen::GenerateTokenParams&, gen::GenerateTokenBody& body) {
  // What a service may do ends with its own token.
  if (call.user.subject.starts_with(auth::kServicePrefix))
    return fail(ErrorCode::forbidden, "A service has the token it was given");
  auto life = body.token_type == "cli" ? auth::Tokens::kCliLife : auth::Tokens::kUserLife;
  // Or nobody would have to go to the provider again, who may not let them in any more.
  if (auth::logs_in_outside(call.db(), call.user.subject))
    life =
        std::min(life, std::chrono::duration_cast<std::chrono::seconds>(call.user.expires_at - call.now()));
  gen::GenerateTokenResponse response;
  response.access_token = call.api.tokens.issue(call.user.subject, call.user.role, call.began, life);
  response.token_type = body.token_type;
  response.expires_in_seconds = life.count();
  return ok(response);
}

/// Takes forms, too, unlike that of the command line. To the login page it gives the cookie as well, but to
/// no page of another site: that could log its visitor in as somebody else.
Result<Answer> create_token(Call& call) {
  const std::string_view type = call.request.header("content-type");
  const bool known =
      type.starts_with("application/json") || type.starts_with("application/x-www-form-urlencoded");
  if (!known) return http::error_response(415, "Unsupported Media Type");
  wire::Problems problems;
  gen::LoginBody body;
  if (const auto fields = read_credentials(call.request, problems)) {
    body.parse(*fields, wire::Location("body"), problems);
  }
  if (!problems.empty()) return unprocessable(problems);
  return log_in(call, body, auth::Tokens::kUserLife, is_from_own_page(call.request));
}

Result<Answer> create_token_cli(Call& call, const gen::CreateTokenCliParams&, gen::LoginBody& body) {
  return log_in(call, body, auth::Tokens::kCliLife, false);
}

}  // namespace

void bind_login(Registry& registry) {
  registry.bind_raw<op::create_token>(create_token);
  registry.bind<op::create_token_cli>(create_token_cli);
  registry.bind<op::create_token_all_admins>(create_token_all_admins);
  registry.bind_raw<op::login_all_admins>([](Call&) -> Result<Answer> {
    return fail(ErrorCode::forbidden,
                "This method is only allowed if ``[core] simple_auth_manager_all_admins`` is True");
  });
  registry.bind<op::login>(login);
  registry.bind<op::logout>(logout);
  registry.bind<op::get_current_user_info>(get_current_user_info);
  registry.bind<op::get_auth_menus>(get_auth_menus);
  registry.bind<op::generate_token>(generate_token);
}

}  // namespace leoflow::api
