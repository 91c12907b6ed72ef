#pragma once

#include <cstdint>

#include "dag/states.hpp"

namespace leoflow::scheduler {

/// How many direct upstream task instances ended in which state.
struct UpstreamCounts {
  std::uint32_t success = 0;
  std::uint32_t failed = 0;
  std::uint32_t upstream_failed = 0;
  std::uint32_t skipped = 0;
  std::uint32_t removed = 0;
  std::uint32_t setup_success = 0;  ///< of success, those of setup tasks
  std::uint32_t setup_skipped = 0;  ///< of skipped, likewise

  std::uint32_t done() const { return success + failed + upstream_failed + skipped + removed; }
  /// Adds `by` (1 or -1) to the count of a finished state; others count nothing.
  void count(dag::TaskState state, int by, bool is_setup = false);
};

enum class Verdict : std::uint8_t { wait, run, skip, upstream_failed };

/// What a trigger rule says of a task instance with `upstream` direct upstream
/// instances, of which `setups` are of setup tasks. Source: Airflow 3.3.2, TriggerRuleDep.
Verdict judge(dag::TriggerRule rule, const UpstreamCounts& counts, std::uint32_t upstream,
              std::uint32_t setups = 0);

/// What the setups that a task runs under say, besides its direct upstream: `counts` of `setups` instances.
Verdict judge_setups(const UpstreamCounts& counts, std::uint32_t setups);

}  // namespace leoflow::scheduler
