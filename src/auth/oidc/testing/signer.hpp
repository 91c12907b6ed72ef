#pragma once

#include <memory>
#include <openssl/types.h>
#include <string>

#include "auth/oidc/keys.hpp"
#include "base/json.hpp"

/// For tests: a key that a provider signs with.
namespace leoflow::auth::oidc {

class Signer {
 public:
  /// @param rsa_bits  of a key for RS256.
  explicit Signer(Algorithm algorithm, std::string key_id = "k1", unsigned rsa_bits = 2048);

  /// The public half.
  json::object jwk() const;
  /// A token as the provider makes it. @param header  outweighs what its header has.
  std::string sign(const json::object& claims, const json::object& header = {}) const;

 private:
  std::string signature_of(std::string_view text) const;

  Algorithm algorithm_;
  std::string key_id_;
  std::shared_ptr<EVP_PKEY> key_;
};

/// "{"keys": […]}"
json::value key_set_of(std::initializer_list<const Signer*> signers);

/// A token's first two parts.
std::string unsigned_token(const json::object& header, const json::object& claims);

}  // namespace leoflow::auth::oidc
