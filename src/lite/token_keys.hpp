#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "auth/jwt.hpp"
#include "base/clock.hpp"
#include "lite/config.hpp"
#include "lite/discovery.hpp"

namespace leoflow::lite {

enum class OldTokens {
  hold,  ///< until they expire
  end    ///< at once
};

/// Gives the install a new key to sign tokens with. Who is killed here leaves the old key or the new one.
/// Errors: those of load_config; not_found (there is no key yet).
Result<void> rotate_token_key(const Home& home, OldTokens old, Time now);

/// The keys of an install as its configuration has them just now, so that who rotates them need not stop the
/// server. A file that cannot be read changes nothing and is told of once. Thread safe.
class TokenKeys {
 public:
  /// Throws Fatal if the file has no good key.
  explicit TokenKeys(Home home);

  std::shared_ptr<const auth::Jwt> current();

 private:
  const Home home_;
  std::mutex mutex_;
  // Protected by mutex_.
  std::optional<FileStamp> seen_;
  std::shared_ptr<const auth::Jwt> jwt_;
};

}  // namespace leoflow::lite
