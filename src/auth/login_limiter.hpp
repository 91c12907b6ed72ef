#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "redis/client.hpp"

namespace leoflow::auth {

/// Slows down guessing: after `most` failures of one key within `window`, that
/// key must wait. Keys are an address with a user name. Replicas count together, in Redis; while that is away
/// each counts what it saw itself, also tries that a right password made good elsewhere. Thread safe.
class LoginLimiter {
 public:
  /// @param shared  null: this process is the only one.
  explicit LoginLimiter(std::shared_ptr<redis::Client> shared = nullptr, std::size_t most = 10,
                        std::chrono::seconds window = std::chrono::minutes(1))
      : shared_(std::move(shared)), most_(most), window_(window) {}

  /// Takes one of the key's tries, before the password is looked at.
  /// @returns how long to wait, or nothing if it may try.
  std::optional<std::chrono::seconds> take(const std::string& key, Time now);
  /// A right password: its tries no longer count.
  void forgive(const std::string& key);

 private:
  std::optional<std::chrono::seconds> take_own(const std::string& key, Time now);
  void drop_old(Time now);

  const std::shared_ptr<redis::Client> shared_;
  const std::size_t most_;
  const std::chrono::seconds window_;
  std::mutex mutex_;
  std::map<std::string, std::deque<Time>> tries_;  // protected by mutex_
};

}  // namespace leoflow::auth
