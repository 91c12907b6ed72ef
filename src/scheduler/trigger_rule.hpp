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

  std::uint32_t done() const { return success + failed + upstream_failed + skipped + removed; }
  /// Adds `by` (1 or -1) to the count of a finished state; others count nothing.
  void count(dag::TaskState state, int by);
};

enum class Verdict : std::uint8_t { wait, run, skip, upstream_failed };

/// What a trigger rule says of a task instance with `upstream` direct upstream
/// instances. Source: Airflow 3.3.2, TriggerRuleDep.
Verdict judge(dag::TriggerRule rule, const UpstreamCounts& counts, std::uint32_t upstream);

}  // namespace leoflow::scheduler
