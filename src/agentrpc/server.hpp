#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agentrpc/session.hpp"
#include "base/result.hpp"

namespace leoflow::agentrpc {

/// Says who it is that presents a token. Called on gRPC's threads: must not block.
/// @param then  must be called once, on any thread. Errors: unauthenticated, unavailable (it cannot be told
/// now)
using Authenticate = std::function<void(std::string token, std::function<void(Result<AgentIdentity>)> then)>;

/// All agents present this token.
Authenticate by_token(const std::string& token);

struct ServerOptions {
  std::string address;  ///< "127.0.0.1:9099" (port 0: any free one) or "unix:/path"
  Authenticate authenticate;
  /// PEM files, for TLS. They may be replaced while it runs: new connections get the new ones.
  std::string certificate_file{};
  std::string key_file{};
  /// PEM file, with TLS: agents must show a certificate of this CA. "": they show none.
  std::string client_ca_file{};
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
