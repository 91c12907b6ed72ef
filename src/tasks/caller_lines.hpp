#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "base/ids.hpp"
#include "base/worker_pool.hpp"

namespace leoflow::tasks {

/// Work of one caller in its order, of different callers side by side. Thread safe.
class CallerLines {
 public:
  explicit CallerLines(int threads) : workers_(threads) {}

  /// Must not throw.
  using Work = std::function<void()>;
  void post(const Uuid& caller, Work work);

 private:
  void serve(const Uuid& caller);

  std::mutex mutex_;
  std::unordered_map<Uuid, std::deque<Work>, UuidHash> lines_;  // protected by mutex_; the front one runs
  WorkerPool workers_;                                          // last: it finishes what was posted
};

}  // namespace leoflow::tasks
