#include "auth/oidc/provider.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "http/client.hpp"

namespace leoflow::auth::oidc {
namespace {

constexpr std::chrono::seconds kLimit{5};
/// A key that the provider has taken back holds no longer here.
constexpr std::chrono::seconds kMostAge{900};
/// Tokens with keys that nobody has must not make us ask for each.
constexpr std::chrono::seconds kLeastAge{10};
constexpr std::chrono::seconds kPauseAfterFailure{5};

using Fields = std::vector<std::pair<std::string_view, std::string>>;

std::string form_of(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, url_encode(value));
  return out;
}

std::unexpected<Error> odd(const std::string& url, std::string_view why) {
  return fail(ErrorCode::unavailable, fmt::format("{} {}", url, why));
}

/// Errors: unavailable (it is not there, or secrets may not be sent to it).
Result<std::string> endpoint(const json::value& document, std::string_view name) {
  std::string url = get_text(document, name);
  if (!is_private_url(url))
    return odd(fmt::format("the provider's {} '{}'", name, url), "is no https:// URL");
  return url;
}

bool takes_basic(const json::value& document) {
  const json::value* methods = find(document, "token_endpoint_auth_methods_supported");
  if (methods == nullptr || !methods->is_array()) return true;
  const auto has = [&](std::string_view method) {
    return std::ranges::find(methods->get_array(), json::value(method)) != methods->get_array().end();
  };
  return has("client_secret_basic") || !has("client_secret_post");
}

}  // namespace

Result<json::value> Provider::fetch(const std::string& url, const std::string& bearer) const {
  http::Client client(url, {.limit = kLimit, .ca = settings_.ca});
  client.use_token(bearer);
  const auto answer = client.get("");
  if (!answer) return fail(ErrorCode::unavailable, answer.error().message);
  auto body = answer->json_body();
  if (answer->status != 200 || !body || !body->is_object())
    return odd(url, fmt::format("answers {}, not with a JSON object", answer->status));
  return body;
}

Result<Provider::DocumentPointer> Provider::read_document(Time now) const {
  const std::string_view issuer = settings_.issuer;
  const std::string url = fmt::format("{}/.well-known/openid-configuration",
                                      issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer);
  const auto told = fetch(url);
  if (!told) return std::unexpected(told.error());
  if (get_text(*told, "issuer") != issuer)
    return odd(url, fmt::format("is of the issuer '{}', not '{}'", get_text(*told, "issuer"), issuer));
  auto authorization = endpoint(*told, "authorization_endpoint");
  auto token = endpoint(*told, "token_endpoint");
  auto keys_url = endpoint(*told, "jwks_uri");
  for (const auto* part : {&authorization, &token, &keys_url}) {
    if (!*part) return std::unexpected(part->error());
  }
  const auto keys_document = fetch(*keys_url);
  if (!keys_document) return std::unexpected(keys_document.error());
  auto keys = KeySet::parse(*keys_document);
  if (!keys) return odd(*keys_url, keys.error().message);
  return std::make_shared<const Document>(Document{std::move(*authorization), std::move(*token),
                                                   endpoint(*told, "userinfo_endpoint").value_or(""),
                                                   takes_basic(*told), std::move(*keys), now});
}

Result<Provider::DocumentPointer> Provider::document(Time now, Duration most_age) {
  // Held while it is asked: one question is enough for all who wait.
  const std::lock_guard lock(mutex_);
  if (known_ && now - known_->read_at <= most_age) return known_;
  if (now - failed_at_ < kPauseAfterFailure) return std::unexpected(failure_);
  auto read = read_document(now);
  if (!read) {
    failed_at_ = now;
    failure_ = read.error();
    log::warning("OIDC: {}", failure_.message);
    return read;
  }
  return known_ = *read;
}

Result<std::string> Provider::authorization_url(const Attempt& attempt, Time now) {
  const auto found = document(now, kMostAge);
  if (!found) return std::unexpected(found.error());
  const std::string& url = (*found)->authorization_endpoint;
  return fmt::format("{}{}{}", url, url.find('?') == std::string::npos ? '?' : '&',
                     form_of({{"response_type", "code"},
                              {"client_id", settings_.client_id},
                              {"redirect_uri", settings_.redirect_url},
                              {"scope", settings_.scopes},
                              {"state", attempt.state},
                              {"nonce", attempt.nonce},
                              {"code_challenge", attempt.challenge()},
                              {"code_challenge_method", "S256"}}));
}

Result<json::value> Provider::exchange(const Document& document, const std::string& code,
                                       const Attempt& attempt) const {
  Fields fields{{"grant_type", "authorization_code"},
                {"code", code},
                {"redirect_uri", settings_.redirect_url},
                {"code_verifier", attempt.verifier}};
  http::Client client(document.token_endpoint, {.limit = kLimit, .ca = settings_.ca});
  if (!settings_.client_secret.empty() && document.takes_basic) {
    const std::string pair = url_encode(settings_.client_id) + ":" + url_encode(settings_.client_secret);
    client.use_header("Authorization", "Basic " + to_base64(pair));
  } else {
    fields.emplace_back("client_id", settings_.client_id);
    if (!settings_.client_secret.empty()) fields.emplace_back("client_secret", settings_.client_secret);
  }
  const auto answer = client.send("POST", "", form_of(fields), "application/x-www-form-urlencoded");
  if (!answer) return fail(ErrorCode::unavailable, answer.error().message);
  auto body = answer->json_body();
  if (answer->status >= 400 && answer->status < 500) {
    const std::string error = body ? get_text(*body, "error") : "";
    return fail(ErrorCode::forbidden, fmt::format("the provider refuses the login ({})",
                                                  error.empty() ? std::to_string(answer->status) : error));
  }
  if (answer->status != 200 || !body)
    return odd(document.token_endpoint, fmt::format("answers {}, without a token", answer->status));
  return body;
}

Result<json::value> Provider::verified_claims(DocumentPointer document, std::string_view id_token,
                                              const Attempt& attempt, Time now) {
  auto token = IdToken::parse(id_token);
  if (!token) return std::unexpected(token.error());
  if (!document->keys.knows(token->algorithm, token->key_id)) {
    // The provider may have new keys.
    auto newest = this->document(now, kLeastAge);
    if (!newest) return std::unexpected(newest.error());
    document = *newest;
  }
  if (!token->is_signed_by(document->keys))
    return fail(ErrorCode::forbidden, "the ID token is not signed by the provider");
  const auto checked =
      check_claims(token->claims, {settings_.issuer, settings_.client_id, attempt.nonce}, now);
  if (!checked) return std::unexpected(checked.error());
  return std::move(token->claims);
}

Result<json::value> Provider::with_userinfo(const Document& document, json::value claims,
                                            const std::string& access_token) const {
  const bool is_whole = find_claim(claims, settings_.username_claim) != nullptr &&
                        find_claim(claims, settings_.groups_claim) != nullptr;
  if (is_whole || document.userinfo_endpoint.empty() || access_token.empty()) return claims;
  auto told = fetch(document.userinfo_endpoint, access_token);
  if (!told) return told;
  if (get_text(*told, "sub") != get_text(claims, "sub"))
    return fail(ErrorCode::forbidden, "the provider tells of somebody else than its ID token");
  for (auto& [name, value] : told->get_object()) {
    // What is signed outweighs what is not.
    if (!claims.get_object().contains(name)) claims.get_object()[name] = std::move(value);
  }
  return claims;
}

Result<Identity> Provider::redeem(const std::string& code, const Attempt& attempt, Time now) {
  const auto found = document(now, kMostAge);
  if (!found) return std::unexpected(found.error());
  const auto told = exchange(**found, code, attempt);
  if (!told) return std::unexpected(told.error());
  auto claims = verified_claims(*found, get_text(*told, "id_token"), attempt, now);
  if (!claims) return std::unexpected(claims.error());
  const auto whole = with_userinfo(**found, std::move(*claims), get_text(*told, "access_token"));
  if (!whole) return std::unexpected(whole.error());
  return identity_of(*whole, settings_);
}

}  // namespace leoflow::auth::oidc
