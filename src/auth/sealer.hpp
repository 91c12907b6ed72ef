#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace leoflow::auth {

/// Encrypts texts for the database: connection passwords and extras, variable
/// values. AES-256-GCM; the form is "v1:<key id>:<base64 of nonce, ciphertext
/// and tag>". The key id tells which key opens it, so that keys can rotate.
/// Immutable, thread safe.
class Sealer {
 public:
  /// @param key 32 bytes. @param key_id letters and digits.
  /// Throws Fatal for a key of another length.
  Sealer(std::string key_id, std::string key);

  std::string seal(std::string_view text) const;
  /// Errors: invalid (not a sealed text, other key, changed on disk).
  Result<std::string> open(std::string_view sealed) const;

  const std::string& key_id() const { return key_id_; }

 private:
  std::string key_id_;
  std::string key_;
};

}  // namespace leoflow::auth
