#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <unordered_map>

namespace leoflow::lite {

/// Says when something below a folder has changed. Bursts (an editor that
/// writes, renames and deletes) become one call. Linux: inotify, and a look
/// every half minute for file systems that tell nothing.
class TreeWatcher {
 public:
  /// @param on_change called on the watcher's thread, shortly after the last of a burst of changes.
  TreeWatcher(std::string root, std::function<void()> on_change);
  ~TreeWatcher();
  TreeWatcher(const TreeWatcher&) = delete;
  TreeWatcher& operator=(const TreeWatcher&) = delete;

  void start();
  void stop();

 private:
  void run();
  void watch(const std::string& folder);
  /// Reads what is pending. @returns whether anything of interest happened.
  bool drain();

  const std::string root_;
  const std::function<void()> on_change_;
  int inotify_ = -1;
  int wake_ = -1;
  std::unordered_map<int, std::string> folders_;  ///< by watch descriptor
  bool is_short_ = false;                         ///< of watches, which was told
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace leoflow::lite
