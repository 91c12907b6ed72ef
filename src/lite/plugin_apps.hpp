#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace leoflow::lite {

struct PluginAppsOptions {
  std::string python;
  std::string worker_path;                         ///< on Python's path: the folder of leoflow_worker
  std::string folder;                              ///< for the socket and the log; made for our user only
  std::map<std::string, std::string> environment;  ///< added to ours
  std::chrono::milliseconds limit{30'000};         ///< for one answer
};

/// The web applications of plugins (fastapi_apps): a Python process of their own, for no code of users runs
/// in the server. It starts with the first request that is for them, and anew after its end and after
/// renew(). It ends with the server, however that ends. Thread safe.
class PluginApps {
 public:
  explicit PluginApps(PluginAppsOptions options) : options_(std::move(options)) {}
  ~PluginApps();
  PluginApps(const PluginApps&) = delete;
  PluginApps& operator=(const PluginApps&) = delete;

  /// Passes the request on and waits for the answer: 502 if the process does not give one, 503 if too many
  /// wait.
  http::Response serve(const http::Request& request);
  /// The plugins have changed: the next request starts another process.
  void renew();

 private:
  Result<void> ensure_running();
  Result<void> spawn();
  bool has_ended();
  void end();

  const PluginAppsOptions options_;
  std::atomic<int> waiting_ = 0;

  // protected by mutex_
  std::mutex mutex_;
  int pid_ = -1;
  int life_line_ = -1;  ///< the write end of its standard input
  std::chrono::steady_clock::time_point started_;
};

}  // namespace leoflow::lite
