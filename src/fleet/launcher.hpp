#pragma once

#include <memory>
#include <string>

#include "agentrpc/session.hpp"
#include "engine/ports.hpp"

namespace leoflow::fleet {

/// A version of a project whose Python is needed outside of attempts.
struct HostSpec {
  agentrpc::BundleVersion bundle;
  std::string image;

  friend auto operator<=>(const HostSpec&, const HostSpec&) = default;
};

/// Starts an agent for each attempt, somewhere else, which connects with a token that is good for that only.
/// Called on the engine's thread and on agents': must not block.
class Launcher {
 public:
  virtual ~Launcher() = default;
  /// How many more attempts can be started right now.
  virtual int free_slots() = 0;
  /// Also of an attempt whose agent was started before: then nothing happens.
  virtual void launch(const engine::AttemptSpec& spec) = 0;
  /// Nobody wants the attempt any more; its agent is not connected.
  virtual void recall(const Uuid& attempt) = 0;
  /// Whether it has learned what it launched before a restart: until then it misses nobody.
  virtual bool knows_what_is_there() = 0;
  /// Whether the machine that it runs on is given up: its agent is not waited for as long as others.
  virtual bool has_lost(const Uuid& attempt) = 0;
  /// Its agent was not connected for too long. Tells the engine, and the attempt's log, what became of it.
  virtual void miss(const Uuid& attempt) = 0;
};

/// Keeps agents whose attempts are over for other attempts. Called on agents' threads and the engine's: must
/// not block.
class AgentKeeper {
 public:
  virtual ~AgentKeeper() = default;
  /// The agent of an attempt will have nothing to do soon.
  virtual void expect(const Uuid& attempt) = 0;
  /// It has nothing to do, and nobody waits for its attempt. It is told to go, or sometime its connection is
  /// ended and it comes back as the agent of another attempt.
  virtual void keep(const Uuid& attempt, std::shared_ptr<agentrpc::AgentSession> agent) = 0;
  /// Its connection has ended.
  virtual void lost(const Uuid& attempt, const agentrpc::AgentSession& agent) = 0;
};

/// Starts hosts somewhere else, likewise. Called on the fleet's own thread.
class HostLauncher {
 public:
  virtual ~HostLauncher() = default;
  /// Unless it is there or was there a moment ago; said again and again while something waits for one and
  /// none is connected.
  virtual void launch_host(const HostSpec& spec) = 0;
};

}  // namespace leoflow::fleet
