#pragma once

#include <functional>
#include <memory>

namespace leoflow {

/// A fixed number of threads for work that may block. Thread safe.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  /// Finishes what was posted.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Exceptions out of `work` end the process, as out of any thread.
  void post(std::function<void()> work);

 private:
  struct Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace leoflow
