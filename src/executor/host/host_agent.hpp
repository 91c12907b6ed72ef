#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"

namespace leoflow::executor {

struct HostAgentOptions {
  std::vector<std::string> command;                ///< program and arguments
  std::map<std::string, std::string> environment;  ///< added to ours; secrets go here, never into arguments
  std::string pid_file;  ///< so that the next server finds an agent that outlived this one
  std::string log_file;  ///< what the agent prints
};

/// Keeps one agent process alive. It is in a session of its own and outlives a
/// server that is killed; a server that starts again finds it by its pid file.
class HostAgent {
 public:
  /// @param on_death is told the pid of an agent that ended, on a thread of ours.
  HostAgent(HostAgentOptions options, std::function<void(std::uint32_t)> on_death);
  ~HostAgent();
  HostAgent(const HostAgent&) = delete;
  HostAgent& operator=(const HostAgent&) = delete;

  /// Finds or starts the agent. Errors: unavailable (it cannot be started).
  Result<void> start();
  /// Ends the agent: SIGTERM, then SIGKILL. Safe to call twice.
  void stop();

 private:
  void supervise();
  /// An agent that still runs and was started the way we would start it.
  bool find_running();
  /// Tells agents apart that were started for another port, token or Python.
  std::string fingerprint() const;
  void end_agent();
  /// Errors: unavailable. Then there is no process.
  Result<void> spawn();
  void write_pid_file() const;
  void wait_for_end();
  /// The agent has ended.
  void bury();
  /// Ends early when it is time to stop.
  void pause(std::chrono::milliseconds length) const;

  const HostAgentOptions options_;
  const std::function<void(std::uint32_t)> on_death_;
  int pid_ = -1;
  bool is_child_ = false;
  int pid_fd_ = -1;  ///< -1 while there is no agent
  int wake_fd_ = -1;
  std::atomic<bool> stopping_ = false;
  std::thread supervisor_;
};

}  // namespace leoflow::executor
