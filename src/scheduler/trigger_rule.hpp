#pragma once

#include <cstdint>

#include "dag/states.hpp"

namespace leoflow::scheduler {

/// How many of some task instances ended in which state.
struct StateCounts {
  std::uint32_t all = 0;  ///< finished or not
  std::uint32_t success = 0;
  std::uint32_t failed = 0;
  std::uint32_t upstream_failed = 0;
  std::uint32_t skipped = 0;
  std::uint32_t removed = 0;
  std::uint32_t setups = 0;         ///< of all, those of setup tasks
  std::uint32_t setup_success = 0;  ///< of success, likewise
  std::uint32_t setup_skipped = 0;  ///< of skipped, likewise

  std::uint32_t done() const { return success + failed + upstream_failed + skipped + removed; }
  bool any_failed() const { return failed + upstream_failed > 0; }
  /// Another instance, in that state.
  void add(dag::TaskState state, bool is_setup);
  /// An instance counted already goes from one state to another.
  void move(dag::TaskState from, dag::TaskState to, bool is_setup);
  StateCounts& operator+=(const StateCounts& other);
  friend bool operator==(const StateCounts&, const StateCounts&) = default;

 private:
  void count(dag::TaskState state, std::uint32_t by, bool is_setup);
};

enum class Verdict : std::uint8_t { wait, run, skip, upstream_failed, remove };

/// What a trigger rule says of a task instance with some upstream tasks, by the states of
/// the upstream instances that it looks at. Source: Airflow 3.3.2, TriggerRuleDep.
Verdict judge(dag::TriggerRule rule, const StateCounts& upstream, int map_index = -1);

/// What the setups that a task runs under say, besides its direct upstream.
Verdict judge_setups(const StateCounts& setups, int map_index = -1);

}  // namespace leoflow::scheduler
