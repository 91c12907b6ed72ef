#include "auth/oidc/keys.hpp"

#include <algorithm>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/freed.hpp"
#include "base/text.hpp"

namespace leoflow::auth::oidc {
namespace {

constexpr int kLeastRsaBits = 2048;
/// A modulus of 16384 bits; more would only cost time.
constexpr std::size_t kMostNumber = 2048;
constexpr std::size_t kCoordinate = 32;
/// More than any provider has; each is tried for a token that names none.
constexpr std::size_t kMostKeys = 64;

using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view big_endian) {
  return Number(BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

/// Null if OpenSSL does not take them.
std::shared_ptr<EVP_PKEY> make_key(const char* kind, const Builder& builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return {key, &EVP_PKEY_free};
}

/// nullopt if it is absent, not base64url, or too long.
std::optional<std::string> number_member(const json::value& jwk, std::string_view name) {
  auto raw = from_base64(get_text(jwk, name));
  if (!raw || raw->empty() || raw->size() > kMostNumber) return std::nullopt;
  return raw;
}

std::shared_ptr<EVP_PKEY> rsa_key(const json::value& jwk) {
  const auto modulus = number_member(jwk, "n");
  const auto exponent = number_member(jwk, "e");
  if (!modulus || !exponent) return nullptr;
  const Number n = number_of(*modulus);
  const Number e = number_of(*exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()))
    return nullptr;
  auto key = make_key("RSA", builder);
  if (!key || EVP_PKEY_get_bits(key.get()) < kLeastRsaBits) return nullptr;
  // Of an exponent that is even, or 1, anybody could sign.
  return BN_is_odd(e.get()) && !BN_is_one(e.get()) ? key : nullptr;
}

std::shared_ptr<EVP_PKEY> p256_key(const json::value& jwk) {
  const auto x = number_member(jwk, "x");
  const auto y = number_member(jwk, "y");
  if (get_text(jwk, "crv") != "P-256" || !x || !y || x->size() != kCoordinate || y->size() != kCoordinate)
    return nullptr;
  const std::string point = "\x04" + *x + *y;
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder || !OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ||
      !OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()))
    return nullptr;
  return make_key("EC", builder);
}

/// Whether a key is there for the signatures of an algorithm: who says nothing allows all.
bool signs_with(const json::value& jwk, std::string_view algorithm) {
  return get_text(jwk, "use", "sig") == "sig" && get_text(jwk, "alg", algorithm) == algorithm;
}

/// What OpenSSL takes for the two numbers; "" if they are none.
std::string der_of(std::string_view signature) {
  if (signature.size() != 2 * kCoordinate) return "";
  Number r = number_of(signature.substr(0, kCoordinate));
  Number s = number_of(signature.substr(kCoordinate));
  const Signature both(ECDSA_SIG_new());
  if (!both || !r || !s || ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return "";
  // They are its own now.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size <= 0) return "";
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool has_signed(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  const Digest digest(EVP_MD_CTX_new());
  return digest && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(digest.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
}

}  // namespace

Result<KeySet> KeySet::parse(const json::value& document) {
  const json::value* listed = find(document, "keys");
  if (listed == nullptr || !listed->is_array()) return fail(ErrorCode::invalid, "this is not a set of keys");
  KeySet out;
  for (const json::value& jwk : listed->get_array()) {
    if (out.keys_.size() == kMostKeys) break;
    const std::string kind = get_text(jwk, "kty");
    Key key;
    if (kind == "RSA" && signs_with(jwk, "RS256")) {
      key = {Algorithm::rs256, get_text(jwk, "kid"), rsa_key(jwk)};
    } else if (kind == "EC" && signs_with(jwk, "ES256")) {
      key = {Algorithm::es256, get_text(jwk, "kid"), p256_key(jwk)};
    }
    if (key.key) out.keys_.push_back(std::move(key));
  }
  return out;
}

bool KeySet::knows(Algorithm algorithm, std::string_view key_id) const {
  return std::ranges::any_of(keys_, [&](const Key& key) { return key.fits(algorithm, key_id); });
}

bool KeySet::verifies(Algorithm algorithm, std::string_view key_id, std::string_view text,
                      std::string_view signature) const {
  const std::string der = algorithm == Algorithm::es256 ? der_of(signature) : std::string(signature);
  return !der.empty() && std::ranges::any_of(keys_, [&](const Key& key) {
    return key.fits(algorithm, key_id) && has_signed(key.key.get(), text, der);
  });
}

}  // namespace leoflow::auth::oidc
