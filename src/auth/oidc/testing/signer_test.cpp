#include "auth/oidc/testing/signer.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <vector>

#include "base/text.hpp"

namespace leoflow::auth::oidc {
namespace {

std::string number_text(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw Fatal("OpenSSL: no such number");
  std::string out(static_cast<std::size_t>(size == 0 ? BN_num_bytes(number) : size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  BN_free(number);
  return to_base64_url(out);
}

/// Two numbers of 32 bytes, of what OpenSSL makes.
std::string raw_signature(std::string_view der) {
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size()));
  std::string out(64, '\0');
  auto* into = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(both), into, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(both), into + 32, 32);
  ECDSA_SIG_free(both);
  return out;
}

}  // namespace

Signer::Signer(Algorithm algorithm, std::string key_id, unsigned rsa_bits)
    : algorithm_(algorithm),
      key_id_(std::move(key_id)),
      key_(algorithm == Algorithm::rs256 ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256"), &EVP_PKEY_free) {}

json::object Signer::jwk() const {
  EVP_PKEY* key = key_.get();
  if (algorithm_ == Algorithm::rs256) {
    return {{"kty", "RSA"},
            {"kid", key_id_},
            {"n", number_text(key, OSSL_PKEY_PARAM_RSA_N, 0)},
            {"e", number_text(key, OSSL_PKEY_PARAM_RSA_E, 0)}};
  }
  return {{"kty", "EC"},
          {"crv", "P-256"},
          {"kid", key_id_},
          {"x", number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, 32)},
          {"y", number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32)}};
}

std::string Signer::signature_of(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string out(1024, '\0');
  std::size_t size = out.size();
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
    throw Fatal("OpenSSL: cannot sign");
  out.resize(size);
  return algorithm_ == Algorithm::es256 ? raw_signature(out) : out;
}

std::string Signer::sign(const json::object& claims, const json::object& header) const {
  json::object whole{{"alg", algorithm_ == Algorithm::rs256 ? "RS256" : "ES256"}, {"kid", key_id_}};
  for (const auto& [name, value] : header) whole[name] = value;
  const std::string text = unsigned_token(whole, claims);
  return text + "." + to_base64_url(signature_of(text));
}

json::value key_set_of(std::initializer_list<const Signer*> signers) {
  json::array keys;
  for (const Signer* signer : signers) keys.emplace_back(signer->jwk());
  return json::object{{"keys", std::move(keys)}};
}

std::string unsigned_token(const json::object& header, const json::object& claims) {
  return to_base64_url(json::serialize(header)) + "." + to_base64_url(json::serialize(claims));
}

}  // namespace leoflow::auth::oidc
