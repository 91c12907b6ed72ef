#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace leoflow::auth {

/// Encrypts texts for the database: connection passwords and extras, variable
/// values. AES-256-GCM; the form is "v1:<key id>:<base64 of nonce, ciphertext
/// and tag>". The key id is made from the key; older installs call theirs "k1".
/// Immutable, thread safe.
class Sealer {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  /// @param key  seals and opens. @param older  open only: what was sealed before the key was changed.
  /// Throws Fatal for a key that has not 32 bytes.
  explicit Sealer(std::string key, std::vector<std::string> older = {});

  std::string seal(std::string_view text) const;
  /// Errors: invalid (not a sealed text, other key, changed on disk).
  Result<std::string> open(std::string_view sealed) const;
  /// Whether the newest key sealed it.
  bool is_current(std::string_view sealed) const;

 private:
  std::vector<std::string> keys_;  ///< the newest is the first
  std::string key_id_;             ///< of that
};

}  // namespace leoflow::auth
