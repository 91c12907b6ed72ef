#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redis/address.hpp"
#include "redis/stream.hpp"

struct redisReader;

namespace leoflow::redis {

/// A command and its arguments, which may hold any bytes.
using Command = std::vector<std::string>;

/// What Redis answered.
struct Reply {
  std::optional<std::string> text;  ///< nothing for a nil, and for what is no text
  std::int64_t number = 0;
};

/// One connection that has logged in. Not thread safe.
class Connection {
 public:
  /// @param limit  until it is connected, and for each time that nothing comes of what was asked.
  /// Errors: unavailable, as those of ask(); none holds the password.
  static Result<std::unique_ptr<Connection>> open(const Address& address, Resolver& resolver, const Tls& tls,
                                                  std::chrono::milliseconds limit);
  ~Connection();

  /// Errors: unavailable (the connection is of no use any more), invalid (Redis refuses that).
  Result<Reply> ask(const Command& command);
  bool is_quiet() const { return stream_.is_quiet(); }

 private:
  Connection(Stream stream, std::chrono::milliseconds limit);
  Result<void> log_in(const Address& address);

  Stream stream_;
  const std::chrono::milliseconds limit_;
  redisReader* const reader_;
};

}  // namespace leoflow::redis
