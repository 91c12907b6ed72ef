#pragma once

#include <condition_variable>
#include <mutex>

#include "store/database.hpp"

namespace leoflow::tasks {

/// Waits while the database is away. Thread safe.
class Patience {
 public:
  explicit Patience(store::Database& database) : database_(database) {}

  /// Returns after a pause, and once the database answers.
  /// @returns false if this was stopped before.
  bool wait();
  /// Nobody waits any more.
  void stop();

 private:
  bool pause();
  bool is_there();

  store::Database& database_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopped_ = false;  // protected by mutex_
};

}  // namespace leoflow::tasks
