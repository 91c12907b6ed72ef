#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

#include "base/clock.hpp"
#include "store/sql.hpp"

namespace leoflow::store {

/// Goes by the clock of a database: who shares the database agrees on the time, whatever the clocks of their
/// hosts say or are set to. Thread safe but for follow().
class SharedClock final : public Clock {
 public:
  static constexpr std::chrono::minutes kBetweenLooks{1};

  /// @param own  the host's, by which it goes until it follows a database
  /// @param since_boot  what goes on between looks
  /// Both must outlive it.
  SharedClock(const Clock& own, const Clock& since_boot) : own_(own), since_boot_(since_boot) {}

  Time now() const override;
  /// Asks the database, unless it was asked within kBetweenLooks. One thread at a time. Throws Unavailable.
  void follow(Session& session);

 private:
  static constexpr auto kNotYet = std::numeric_limits<Duration::rep>::min();

  const Clock& own_;
  const Clock& since_boot_;
  std::atomic<Duration::rep> boot_{kNotYet};  ///< the database's time at which this machine was started
  Time looked_at_;                            ///< since boot
};

}  // namespace leoflow::store
