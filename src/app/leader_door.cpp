#include "app/leader_door.hpp"

#include <chrono>
#include <fmt/format.h>
#include <thread>

#include "base/log.hpp"
#include "base/turn.hpp"
#include "http/forward.hpp"

namespace leoflow::app {
namespace {

constexpr std::string_view kPassedOn = "leoflow-passed-on";
constexpr std::string_view kNotLeading = "Leoflow-Not-Leading";
constexpr std::chrono::seconds kPatience{8};  ///< until somebody leads: longer than a takeover
constexpr std::chrono::milliseconds kBetweenTries{50};

http::Response try_later(std::string_view why) {
  http::Response out = http::error_response(503, why);
  out.headers.emplace_back("Retry-After", "1");
  return out;
}

}  // namespace

bool LeaderDoor::was_passed_on(const http::Request& request) {
  return !request.header(kPassedOn).empty();
}

std::optional<http::Response> LeaderDoor::pass(const http::Request& request) {
  if (campaign_.leads()) return std::nullopt;
  // Whoever sent it here thought that this one leads, and tries again.
  if (was_passed_on(request)) {
    http::Response refusal = try_later("This replica does not lead");
    refusal.headers.emplace_back(kNotLeading, "1");
    return refusal;
  }
  const Turn turn(places_);
  if (!turn.is_taken()) return try_later("Too much waits for the leading replica. Try again");
  return pass_on(request);
}

std::optional<http::Response> LeaderDoor::pass_on(const http::Request& request) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    if (campaign_.leads()) return std::nullopt;
    if (const auto leader = campaign_.other_leader()) {
      // A leader that hangs is replaced: then its answer is not waited for.
      const auto is_replaced = [&] {
        const auto now = campaign_.other_leader();
        return campaign_.leads() || (now && now->holder != leader->holder);
      };
      auto answer = http::forward(
          {.to = leader->url, .is_pointless = is_replaced, .headers = {{std::string(kPassedOn), "1"}}},
          request);
      if (answer && !answer->has_header(kNotLeading)) return std::move(*answer);
      if (!answer && answer.error().was_sent) {
        log::warning("{} {}: the leader {} does not answer: {}", request.method, request.path, leader->url,
                     answer.error().reason);
        return http::error_response(
            502, "The leading replica did not answer: look whether it was done before you ask again");
      }
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
  return try_later("No replica leads now. Try again");
}

}  // namespace leoflow::app
