#include "store/shared_clock.hpp"

#include "base/log.hpp"

namespace leoflow::store {
namespace {

/// What people want to know of; hosts that are kept in time differ by less.
constexpr std::chrono::seconds kWorthAWord{1};

}  // namespace

Time SharedClock::now() const {
  const auto boot = boot_.load();
  return boot == kNotYet ? own_.now() : since_boot_.now() + Duration(boot);
}

void SharedClock::follow(Session& session) {
  const Time asked_at = since_boot_.now();
  const bool is_first = boot_ == kNotYet;
  if (!is_first && asked_at - looked_at_ < kBetweenLooks) return;
  const Time before = now();
  const Time theirs = session.now();
  looked_at_ = since_boot_.now();
  // Its answer is of some time during the trip: what agrees with one of them is not moved.
  const Duration trip = looked_at_ - asked_at;
  const Duration difference = theirs - (before + trip / 2);
  if (is_first || std::chrono::abs(difference) > trip / 2) boot_ = (theirs - (asked_at + trip / 2)).count();
  if (std::chrono::abs(difference) > kWorthAWord + trip / 2) {
    log::warning("{} {:.1f} s from the database's, which holds",
                 is_first ? "this host's clock is" : "the time moved: it was",
                 std::chrono::duration<double>(-difference).count());
  }
}

}  // namespace leoflow::store
