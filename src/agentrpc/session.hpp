#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>

#include "agentrpc/agent.pb.h"
#include "base/ids.hpp"

namespace leoflow::agentrpc {

/// No message may be larger: an XCom value or a DAG file's serialized form fits.
inline constexpr int kMaxMessageBytes = 256 << 20;
/// How long a connection may be silent before its other end is asked whether it is there.
inline constexpr int kKeepaliveMs = 20'000;

/// One version of a pushed project.
struct BundleVersion {
  std::string name;
  std::string version;

  friend auto operator<=>(const BundleVersion&, const BundleVersion&) = default;
};

/// What an agent may do, as its credentials say: whatever it is sent, if nothing is here.
struct AgentIdentity {
  std::optional<Uuid> attempt{};          ///< it runs this one and nothing else
  std::optional<BundleVersion> bundle{};  ///< it is a host: it serves what needs the Python of that version
  /// SHA-256, in hex, of the secret that its Hello must have; "" if it needs none. Whoever has another is
  /// refused and told to go.
  std::string secret_digest{};
};

/// The control plane's end of one agent's stream.
class AgentSession {
 public:
  virtual ~AgentSession() = default;
  virtual const AgentIdentity& identity() const = 0;
  /// Sends in the order of the calls. Never blocks; after the stream is lost it
  /// does nothing. Thread safe.
  virtual void send(ServerMessage message) = 0;
  /// Ends the stream; on_disconnected follows. Thread safe.
  virtual void close() = 0;
};

/// What a Server tells. The calls of one session come one after the other, those
/// of different sessions in parallel, all on gRPC's threads: do not block in them.
class AgentEvents {
 public:
  virtual ~AgentEvents() = default;
  virtual void on_connected(std::shared_ptr<AgentSession> session, const Hello& hello) = 0;
  virtual void on_message(const std::shared_ptr<AgentSession>& session, AgentMessage message) = 0;
  /// The last call for a session. Only sessions that were connected get one.
  virtual void on_disconnected(const std::shared_ptr<AgentSession>& session) = 0;
};

}  // namespace leoflow::agentrpc
