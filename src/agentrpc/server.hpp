#pragma once

#include <memory>
#include <string>

#include "agentrpc/session.hpp"
#include "base/result.hpp"

namespace leoflow::agentrpc {

struct ServerOptions {
  std::string address;  ///< "127.0.0.1:9099" (port 0: any free one) or "unix:/path"
  std::string token;    ///< that agents must present
};

/// Accepts agents from start() until it is destroyed. The destructor ends every
/// stream and returns after the last callback. Thread safe.
class Server {
 public:
  /// `events` must outlive the server.
  /// Errors: unavailable (address cannot be bound; the message names it).
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, AgentEvents& events);
  virtual ~Server() = default;
  /// The port that is listened on, 0 for a Unix socket.
  virtual int port() const = 0;
};

}  // namespace leoflow::agentrpc
