#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "store/sql.hpp"

namespace leoflow::store {

/// Goes by the clock of a database: who shares the database agrees on the time, whatever the clocks of their
/// hosts say. Thread safe but for follow().
class SharedClock final : public Clock {
 public:
  static constexpr std::chrono::minutes kBetweenLooks{1};
  /// Clocks that differ by less are as good as the same.
  static constexpr std::chrono::milliseconds kTolerance{200};

  /// @param own  the host's, by which it goes until it follows a database. It must outlive this one
  explicit SharedClock(const Clock& own) : own_(own) {}

  Time now() const override { return own_.now() + Duration(offset_.load()); }
  /// Asks the database, unless it was asked within kBetweenLooks. One thread at a time. Throws Unavailable.
  void follow(Session& session);

 private:
  const Clock& own_;
  std::atomic<Duration::rep> offset_{0};
  std::optional<std::chrono::steady_clock::time_point> looked_at_;
};

}  // namespace leoflow::store
