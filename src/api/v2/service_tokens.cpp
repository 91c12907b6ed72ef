#include "auth/service_tokens.hpp"

#include <fmt/core.h>

#include "api/resources.hpp"
#include "auth/users.hpp"

namespace leoflow::api {

namespace {

gen::ServiceTokenResponse response_of(const auth::ServiceToken& token) {
  gen::ServiceTokenResponse out;
  out.name = token.name;
  out.role = auth::role_name(token.role);
  out.groups = token.groups;
  out.created_at = token.created_at;
  out.created_by = token.created_by;
  out.expires_at = token.expires_at;
  return out;
}

Result<Answer> get_service_tokens(Call& call, const gen::GetServiceTokensParams&) {
  gen::ServiceTokenCollectionResponse list;
  for (const auth::ServiceToken& token : auth::list_service_tokens(call.db()))
    list.service_tokens.push_back(response_of(token));
  list.total_entries = static_cast<std::int64_t>(list.service_tokens.size());
  return ok(list);
}

Result<Answer> post_service_token(Call& call, const gen::PostServiceTokenParams&,
                                  gen::ServiceTokenPostBody& body) {
  // One that was found out must not leave others behind.
  if (call.user.subject.starts_with(auth::kServicePrefix))
    return fail(ErrorCode::forbidden, "A service makes no tokens");
  if (!auth::is_possible_service_name(body.name))
    return refused_body(call, "name must be of up to 100 letters, digits, '-', '_' and '.'");
  const auto role = auth::parse_role(body.role);
  if (!role) return refused_body(call, "role must be none, viewer, user, op or admin");
  if (body.expires_at && *body.expires_at <= call.now())
    return refused_body(call, "expires_at must be in the future");
  const auth::ServiceToken token{body.name,         *role,           call.now(),
                                 call.user.subject, body.expires_at, body.groups};
  std::string text;
  const auto written = call.api.commands.write([&](store::Session& session) -> Result<void> {
    auto made = auth::create_service_token(session, token);
    if (!made) return std::unexpected(made.error());
    text = std::move(*made);
    return {};
  });
  if (!written) return std::unexpected(written.error());
  gen::ServiceTokenCreatedResponse created;
  created.service_token = response_of(token);
  created.token = std::move(text);
  return ok(created, 201);
}

Result<Answer> delete_service_token(Call& call, const gen::DeleteServiceTokenParams& params) {
  bool is_gone = false;
  const auto written = call.api.commands.write([&](store::Session& session) -> Result<void> {
    is_gone = auth::revoke_service_token(session, params.name);
    return {};
  });
  if (!written) return std::unexpected(written.error());
  if (!is_gone)
    return fail(ErrorCode::not_found, fmt::format("There is no token of the service `{}`", params.name));
  return no_content();
}

}  // namespace

void bind_service_tokens(Registry& registry) {
  registry.bind<op::get_service_tokens>(get_service_tokens);
  registry.bind<op::post_service_token>(post_service_token);
  registry.bind<op::delete_service_token>(delete_service_token);
}

}  // namespace leoflow::api
