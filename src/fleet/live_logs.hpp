#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "redis/shared_logs.hpp"

namespace leoflow::fleet {

struct LiveLogsOptions {
  std::uint64_t most = 4 << 20;           ///< bytes of a log; a longer one is read where it is
  std::chrono::milliseconds pause{1000};  ///< while Redis is away
};

/// Copies the logs that a leader keeps in files into Redis, while they grow: other replicas read them there.
/// Nobody waits for that. Thread safe.
class LiveLogs {
 public:
  /// @param folder  absolute: names of logs are below it
  LiveLogs(std::shared_ptr<redis::Client> redis, std::string folder, LiveLogsOptions options = {});
  ~LiveLogs();

  /// A file is not any more what was copied of it, or may be another one.
  void change(const std::string& name) { wait_for(name, false); }
  /// The log is where it stays, or is nowhere.
  void end(const std::string& name) { wait_for(name, true); }

 private:
  void wait_for(const std::string& name, bool is_over);
  void work();
  /// @returns false if Redis is away.
  bool bring(const std::string& name, bool is_over);
  bool copy_or_drop(const std::string& name, bool is_over);
  bool copy(const std::string& name, std::uint64_t from, std::uint64_t to);

  redis::SharedLogs shared_;
  const std::string folder_;
  const LiveLogsOptions options_;
  std::map<std::string, std::uint64_t> copied_;  ///< bytes, of logs that go on; touched by the thread only

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, bool> waiting_;  ///< whether they are over; protected by mutex_
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace leoflow::fleet
