#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "agentrpc/agent.pb.h"

namespace leoflow::agent {

/// A trigger that needs no Python: it fires when a file is there.
struct FileTrigger {
  std::string pattern;  ///< a path, or a glob
  std::chrono::milliseconds interval{5000};
};

/// Nothing for a trigger of another kind, and for what only Python's glob can find.
std::optional<FileTrigger> as_file_trigger(const agentrpc::RunTrigger& trigger);

/// Whether a file matches, or lies somewhere in a folder that matches.
bool file_is_there(const std::string& pattern);

/// Waits for files on a thread of its own, as file systems may be slow. Used on the event loop.
class FileWaits {
 public:
  /// @param found  is called on the loop, once for each that was not removed before.
  FileWaits(boost::asio::io_context& loop, std::function<void(const std::string& id)> found);
  ~FileWaits();
  FileWaits(const FileWaits&) = delete;
  FileWaits& operator=(const FileWaits&) = delete;

  void add(const std::string& id, FileTrigger trigger);
  /// @returns whether it waited here.
  bool remove(const std::string& id);
  std::size_t size() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Wait {
    FileTrigger trigger;
    Clock::time_point due;
  };
  void work();

  boost::asio::io_context& loop_;
  const std::function<void(const std::string&)> found_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Wait> waits_;                        // protected by mutex_
  std::multimap<Clock::time_point, std::string> next_ones_;  // protected by mutex_
  bool stopping_ = false;                                    // protected by mutex_
  std::thread thread_;                                       ///< from the first wait on
};

}  // namespace leoflow::agent
