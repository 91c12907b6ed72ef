#pragma once

#include <future>
#include <utility>

#include "engine/ports.hpp"

namespace leoflow::engine {

/// For tests: has room for attempts, and only remembers the first that it is to start.
class RememberingRunner final : public AttemptRunner {
 public:
  int free_slots() override { return 10; }
  void start(const AttemptSpec& spec) override {
    if (!std::exchange(has_started, true)) started.set_value(spec);
  }
  void stop(const Uuid&, const std::string&) override {}
  void start_trigger(const TriggerSpec&) override {}
  void stop_trigger(const Uuid&) override {}
  void start_watcher(const WatcherSpec&) override {}
  void run_callback(const CallbackSpec&) override {}
  void ask(PythonQuestion) override {}
  std::promise<AttemptSpec> started;
  bool has_started = false;  ///< only touched by the engine
};

}  // namespace leoflow::engine
