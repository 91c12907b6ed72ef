#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agentrpc/session.hpp"
#include "base/clock.hpp"

namespace leoflow::executor {

/// Who has time in pods that stay, and who waits for that: both by the shape of their pods. Knows pods by the
/// attempts that they ran last. Not thread safe.
class WarmPods {
 public:
  /// Longer an attempt does not wait for a pod that is expected: by then it could have one of its own.
  static constexpr std::chrono::seconds kPatience{2};

  struct Idle {
    Uuid attempt;  ///< that it ran last
    std::string shape;
    std::shared_ptr<agentrpc::AgentSession> agent;
    Time since;
  };

  /// The pod of an attempt is about to be idle.
  void expect(const Uuid& attempt, const std::string& shape, Time now);
  /// It is.
  void add(Idle pod);
  /// It is not any more, nor will be; or the attempt waits for none any more.
  void forget(const Uuid& attempt);
  /// Likewise, if that is its agent. @returns whether it was idle.
  bool forget_agent(const Uuid& attempt, const agentrpc::AgentSession* agent);

  /// Takes the one of a shape that is idle for the shortest time, if it is so since a time after `after`.
  std::optional<Idle> take(const std::string& shape, Time after);
  /// Takes the one of any shape that is idle for the longest time.
  std::optional<Idle> take_oldest();
  std::size_t idle() const { return idle_.size(); }
  bool is_idle(const Uuid& attempt) const;

  /// Whether a pod is expected that nobody waits for yet.
  bool is_worth_waiting(const std::string& shape, Time now);
  /// The attempt waits for a pod of that shape.
  void wait(const Uuid& attempt, const std::string& shape);
  /// Whoever waits for the longest time.
  std::optional<Uuid> take_waiting(const std::string& shape);

 private:
  struct Shape {
    std::map<Uuid, Time> expected;  ///< since when, by the attempt that runs
    std::deque<Uuid> waiting;
  };

  std::vector<Idle> idle_;  ///< the oldest first
  std::map<std::string, Shape> shapes_;
};

}  // namespace leoflow::executor
