#pragma once

#include <optional>
#include <semaphore>

#include "app/campaign.hpp"
#include "http/message.hpp"

namespace leoflow::app {

/// What only the leader can answer, asked of a replica that follows: passes it on. While nobody leads it
/// waits a few seconds, for one will soon. Thread safe.
class LeaderDoor {
 public:
  explicit LeaderDoor(Campaign& campaign) : campaign_(campaign) {}

  /// Nothing if this process leads.
  std::optional<http::Response> pass(const http::Request& request);
  /// Whether another replica has passed it on.
  static bool was_passed_on(const http::Request& request);

 private:
  std::optional<http::Response> pass_on(const http::Request& request);

  static constexpr std::ptrdiff_t kMostAtOnce = 5;  ///< other workers are left for what needs no leader
  using Places = std::counting_semaphore<kMostAtOnce>;

  Campaign& campaign_;
  Places places_{kMostAtOnce};
};

}  // namespace leoflow::app
