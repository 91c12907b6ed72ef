#include "store/shared_clock.hpp"

#include "base/log.hpp"

namespace leoflow::store {

void SharedClock::follow(Session& session) {
  const auto asked_at = std::chrono::steady_clock::now();
  if (looked_at_ && asked_at - *looked_at_ < kBetweenLooks) return;
  const Time before = now();
  const Time theirs = session.now();
  const auto trip = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - asked_at);
  looked_at_ = asked_at;
  const Duration difference = theirs - (before + trip / 2);
  // Its answer is of some time during the trip.
  if (std::chrono::abs(difference) <= kTolerance + trip / 2) return;
  offset_ += difference.count();
  log::warning("this host's clock is {:.1f} s from the database's, which holds",
               std::chrono::duration<double>(own_.now() - now()).count());
}

}  // namespace leoflow::store
