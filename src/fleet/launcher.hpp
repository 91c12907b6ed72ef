#pragma once

#include "engine/ports.hpp"

namespace leoflow::fleet {

/// Starts an agent for each attempt, somewhere else. Such an agent connects with a token that is good for its
/// attempt only. Called on the engine's thread and on agents': must not block.
class Launcher {
 public:
  virtual ~Launcher() = default;
  /// How many more can be started right now.
  virtual int free_slots() = 0;
  /// Also of an attempt whose agent was started before: then nothing happens.
  virtual void launch(const engine::AttemptSpec& spec) = 0;
  /// Nobody wants the attempt any more; its agent is not connected.
  virtual void recall(const Uuid& attempt) = 0;
};

}  // namespace leoflow::fleet
