#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "agentrpc/agent.pb.h"

namespace leoflow::agentrpc {

/// PEM files, read again for each connection: they may be replaced while it runs.
struct TlsFiles {
  std::string ca;             ///< the control plane's certificate is of it; "" for no TLS
  std::string certificate{};  ///< that the agent shows; "" for none
  std::string key{};
};

struct ClientOptions {
  /// "host:port" or "unix:/path"; or several, with commas, of which one serves: they are tried in turn.
  std::string address;
  std::function<std::string()> token;  ///< asked for each connection: it may have been renewed
  TlsFiles tls{};
  std::chrono::milliseconds first_backoff{20};  ///< doubles after each failed connection
  std::chrono::milliseconds last_backoff{1000};
};

/// What a Client tells, one call after the other, on threads of the client's.
/// Do not block in them.
class ServerEvents {
 public:
  virtual ~ServerEvents() = default;
  /// Says who we are, for the first message of a new stream.
  virtual Hello hello() = 0;
  virtual void on_welcome(Welcome welcome) = 0;
  /// Every other message.
  virtual void on_message(ServerMessage message) = 0;
  /// The stream is lost, or a connection failed; the client goes on trying.
  /// @param is_refused  by a control plane that does not know our token
  virtual void on_lost(const std::string& reason, bool is_refused) = 0;
};

/// Keeps one stream to the control plane, forever: a lost one is opened again.
/// The destructor returns after the last callback.
class Client {
 public:
  /// `events` must outlive the client.
  static std::unique_ptr<Client> start(const ClientOptions& options, ServerEvents& events);
  virtual ~Client() = default;
  /// Sends in the order of the calls; never blocks. Between on_lost and
  /// on_welcome messages are dropped: whoever sends knows what is unanswered and
  /// sends it again after on_welcome. Thread safe.
  virtual void send(AgentMessage message) = 0;
};

}  // namespace leoflow::agentrpc
