#pragma once

#include "base/result.hpp"
#include "lite/home.hpp"

namespace leoflow::lite {

/// Held by the one server that works in a home: two would write each other's
/// state away. The system lets go of it when the process ends, however it ends.
class HomeLock {
 public:
  /// Errors: conflict (another server holds it).
  static Result<HomeLock> take(const Home& home);
  ~HomeLock();
  HomeLock(HomeLock&& other) noexcept;
  HomeLock& operator=(HomeLock&&) = delete;

 private:
  explicit HomeLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace leoflow::lite
