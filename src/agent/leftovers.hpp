#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <sys/types.h>

namespace leoflow::agent {

/// Ends what a task left behind. The agent is its tasks' subreaper: what outlives them becomes a child of its
/// own. Whoever uses it reaps children, and is single threaded.
class Leftovers {
 public:
  /// @param is_ours  of a child of this process: whether it is none of a task
  Leftovers(boost::asio::io_context& loop, std::function<bool(pid_t)> is_ours)
      : is_ours_(std::move(is_ours)), timer_(loop) {}

  /// Kills all of them, and what becomes an orphan by that. @param then  told whether all are gone; they are
  /// not if they fork faster than they are killed
  void end_all(std::function<void(bool are_gone)> then);

 private:
  void kill_more(std::chrono::steady_clock::time_point deadline);

  std::function<bool(pid_t)> is_ours_;
  std::function<void(bool)> then_;
  boost::asio::steady_timer timer_;
};

}  // namespace leoflow::agent
