#pragma once

#include <memory>
#include <openssl/types.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::auth::oidc {

/// What ID tokens may be signed with. Secrets that both sides know (HS256) are not among it.
enum class Algorithm {
  rs256,  ///< RSA, PKCS #1, SHA-256
  es256   ///< ECDSA on P-256, SHA-256
};

/// The public keys that a provider signs with (RFC 7517). Immutable, thread safe.
class KeySet {
 public:
  KeySet() = default;

  /// Keys of other kinds, for other uses, or too weak (RSA below 2048 bits) are left out.
  /// Errors: invalid (not a key set).
  static Result<KeySet> parse(const json::value& document);

  /// Whether there is one that a token could be signed with. @param key_id  "" if the token names none.
  bool knows(Algorithm algorithm, std::string_view key_id) const;

  /// Whether one of those has signed this. @param signature  as in tokens: of ES256 two numbers of 32 bytes.
  bool verifies(Algorithm algorithm, std::string_view key_id, std::string_view text,
                std::string_view signature) const;

  std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    Algorithm algorithm;
    std::string id;
    std::shared_ptr<EVP_PKEY> key;
    bool fits(Algorithm wanted, std::string_view wanted_id) const {
      return algorithm == wanted && (wanted_id.empty() || wanted_id == id);
    }
  };
  std::vector<Key> keys_;
};

}  // namespace leoflow::auth::oidc
