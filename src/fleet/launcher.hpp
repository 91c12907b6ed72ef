#pragma once

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
