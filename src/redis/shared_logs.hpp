#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "redis/client.hpp"

namespace leoflow::redis {

/// Logs that one replica writes, at their ends, and others read. Each is gone a minute after its last part.
/// Thread safe.
class SharedLogs {
 public:
  explicit SharedLogs(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  /// Adds to a log that has `offset` bytes; at 0 it begins anew.
  /// @returns false if it has not so many: then it is gone. Nothing if Redis is away.
  std::optional<bool> put(const std::string& name, std::uint64_t offset, std::string bytes);
  /// @returns false if Redis is away.
  bool drop(const std::string& name);
  /// What it has from a place on; nothing if it ends before that, is not there, or Redis is away.
  std::optional<std::string> read(const std::string& name, std::uint64_t from);

 private:
  std::string key(const std::string& name) const { return client_->key("log:" + name); }

  const std::shared_ptr<Client> client_;
};

}  // namespace leoflow::redis
