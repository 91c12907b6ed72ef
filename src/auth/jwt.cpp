#include "auth/jwt.hpp"

#include <algorithm>
#include <cmath>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "auth/token_part.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace leoflow::auth {

namespace {

constexpr std::chrono::seconds kLeeway{10};
constexpr std::size_t kLongestToken = 8192;
/// Airflow's word for a key without a name; tokens had it before keys had names, too.
constexpr std::string_view kUnnamed = "not-used";

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// With the fraction, so that a token is older than the password that comes in the same second.
double exact_seconds_of(Time time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

std::unexpected<Error> bad_token() {
  return fail(ErrorCode::forbidden, "Invalid JWT token");
}

bool same_bytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<Time> time_claim(const json::value& claims, std::string_view name) {
  const json::value* value = find(claims, name);
  if (value == nullptr) return std::nullopt;
  double seconds = 0;
  if (value->is_int64()) {
    seconds = static_cast<double>(value->get_int64());
  } else if (value->is_double()) {
    seconds = value->get_double();
  } else {
    return std::nullopt;
  }
  if (!(seconds > 0 && seconds < 253402300800.0)) return std::nullopt;  // year 9999
  return from_micros(std::llround(seconds * 1e6));
}

std::string mac(const std::string& secret, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha512(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size) == nullptr) {
    throw Fatal("OpenSSL: HMAC failed");
  }
  return {reinterpret_cast<const char*>(digest), size};
}

}  // namespace

Jwt::Jwt(const std::vector<JwtKey>& keys) {
  for (const JwtKey& key : keys) {
    if (key.secret.size() < 32) throw Fatal("a token secret is shorter than 32 bytes");
    keys_.push_back({sha256_hex("token key " + key.secret).substr(0, 16), key});
  }
  if (keys_.empty()) throw Fatal("there is no token secret");
}

bool Jwt::is_genuine(std::string_view text, std::string_view signature, std::string_view key_id,
                     Time now) const {
  return std::ranges::any_of(keys_, [&](const NamedKey& named) {
    return (key_id == named.id || key_id == kUnnamed) && now - kLeeway <= named.key.until &&
           same_bytes(signature, mac(named.key.secret, text));
  });
}

std::string Jwt::sign(json::object claims, std::string_view audience, Time now,
                      std::chrono::seconds life) const {
  const json::object header{{"alg", "HS512"}, {"kid", keys_.front().id}, {"typ", "JWT"}};
  claims["jti"] = random_hex(16);
  claims["aud"] = audience;
  claims["iat"] = exact_seconds_of(now);
  claims["nbf"] = seconds_of(now);
  claims["exp"] = seconds_of(now + life);
  const std::string text =
      to_base64_url(json::serialize(header)) + "." + to_base64_url(json::serialize(claims));
  return text + "." + to_base64_url(mac(keys_.front().key.secret, text));
}

Result<SignedClaims> Jwt::verify(std::string_view token, std::string_view audience, Time now) const {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (token.size() > kLongestToken || first == std::string_view::npos || first == last) return bad_token();
  const auto header = decode_token_part(token.substr(0, first));
  // Only the algorithm we issue: "none" and key confusion end here.
  if (!header || get_text(*header, "alg") != "HS512") return bad_token();
  const auto signature = from_base64(token.substr(last + 1));
  if (!signature || !is_genuine(token.substr(0, last), *signature, get_text(*header, "kid", kUnnamed), now)) {
    return bad_token();
  }

  auto claims = decode_token_part(token.substr(first + 1, last - first - 1));
  if (!claims || get_text(*claims, "aud") != audience) return bad_token();
  const auto issued = time_claim(*claims, "iat");
  const auto not_before = time_claim(*claims, "nbf");
  const auto expires = time_claim(*claims, "exp");
  std::string subject = get_text(*claims, "sub");
  if (!issued || !not_before || !expires || subject.empty()) return bad_token();
  if (now > *expires + kLeeway) return fail(ErrorCode::unauthenticated, "Token Expired");
  if (now + kLeeway < *not_before || now + kLeeway < *issued) return bad_token();
  return SignedClaims{std::move(*claims), std::move(subject), *issued, *expires};
}

JwtSource fixed_jwt(std::string secret) {
  return [jwt = std::make_shared<const Jwt>(std::vector<JwtKey>{{std::move(secret)}})] { return jwt; };
}

}  // namespace leoflow::auth
