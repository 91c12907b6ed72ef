#include "auth/oidc/id_token.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>

#include "auth/token_part.hpp"
#include "base/text.hpp"

namespace leoflow::auth::oidc {
namespace {

/// How far the provider's clock and ours may be apart.
constexpr std::chrono::seconds kSkew{60};
/// Bytes. A token with a thousand groups has as many.
constexpr std::size_t kLongestToken = 128 * 1024;
constexpr std::size_t kLongestSubject = 255;
constexpr double kYear9999 = 253402300800.0;

std::unexpected<Error> bad_id_token(std::string why) {
  return fail(ErrorCode::forbidden, "the ID token " + std::move(why));
}

std::optional<Algorithm> algorithm_of(const json::value& header) {
  const std::string name = get_text(header, "alg");
  if (name == "RS256") return Algorithm::rs256;
  if (name == "ES256") return Algorithm::es256;
  return std::nullopt;
}

/// Nothing if it is not there; a bad one is one of the year 1, or long after all others.
std::optional<Time> time_claim(const json::value& claims, std::string_view name, Time if_bad) {
  const json::value* value = find(claims, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return if_bad;
  const auto seconds = value->to_number<double>();
  if (!(seconds >= 0 && seconds < kYear9999)) return if_bad;
  return from_micros(std::llround(seconds * 1e6));
}

bool is_for(const json::value& claims, const std::string& client_id) {
  const json::value* audience = find(claims, "aud");
  if (audience == nullptr) return false;
  const json::value* presented = find(claims, "azp");
  if (presented != nullptr && *presented != json::value(client_id)) return false;
  if (audience->is_string()) return audience->get_string() == client_id;
  if (!audience->is_array()) return false;
  const json::array& all = audience->get_array();
  // One that is for others, too, must say that we asked for it.
  return std::ranges::count(all, json::value(client_id)) > 0 && (all.size() == 1 || presented != nullptr);
}

}  // namespace

Result<IdToken> IdToken::parse(std::string_view text) {
  if (text.size() > kLongestToken) return bad_id_token("is too long");
  const auto parts = split(text, '.');
  if (parts.size() != 3) return bad_id_token("is not a signed one");
  const auto header = decode_token_part(parts[0]);
  auto claims = decode_token_part(parts[1]);
  auto signature = from_base64(parts[2]);
  if (!header || !claims || !signature) return bad_id_token("is not a signed one");
  const auto algorithm = algorithm_of(*header);
  if (!algorithm)
    return bad_id_token(fmt::format("is signed with '{}', not RS256 or ES256", get_text(*header, "alg")));
  // What has to be understood, and is not known here.
  if (find(*header, "crit") != nullptr) return bad_id_token("has critical headers");
  return IdToken{*algorithm, get_text(*header, "kid"), parts[0] + "." + parts[1], std::move(*signature),
                 std::move(*claims)};
}

Result<void> check_claims(const json::value& claims, const Expected& expected, Time now) {
  if (get_text(claims, "iss") != expected.issuer) return bad_id_token("is of another issuer");
  if (!is_for(claims, expected.client_id)) return bad_id_token("is for another client");
  const auto expires = time_claim(claims, "exp", Time::min());
  const auto issued = time_claim(claims, "iat", Time::max());
  if (!expires || !issued) return bad_id_token("does not say when it holds");
  if (*expires + kSkew <= now) return bad_id_token("has expired");
  if (*issued > now + kSkew || time_claim(claims, "nbf", Time::max()).value_or(now) > now + kSkew)
    return bad_id_token("does not hold yet");
  if (expected.nonce.empty() || get_text(claims, "nonce") != expected.nonce)
    return bad_id_token("is of another login");
  const std::string subject = get_text(claims, "sub");
  if (subject.empty() || subject.size() > kLongestSubject) return bad_id_token("does not say whose it is");
  return {};
}

}  // namespace leoflow::auth::oidc
