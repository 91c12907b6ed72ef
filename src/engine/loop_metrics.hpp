#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "dag/states.hpp"
#include "scheduler/changes.hpp"

namespace leoflow::engine {

/// What the engine's loop counts: written by its thread, read by any.
struct LoopMetrics {
  metrics::Histogram passes;
  metrics::Counter items;
  metrics::Histogram commits;
  metrics::Counter failed_commits;

  metrics::Counter runs_created;
  metrics::Counter attempts_sent;
  metrics::Counter attempts_stopped;
  metrics::Counter triggers_started;
  metrics::Counter callbacks;
  metrics::Counter retries;

  std::array<metrics::Counter, dag::kTaskStateCount> entered;  ///< by state
  metrics::Histogram dispatch;                                 ///< from scheduled to sent to an agent
  metrics::Histogram start;                                    ///< from sent to running
  std::array<metrics::Histogram, dag::kTaskStateCount> task_durations{long_ones<dag::kTaskStateCount>()};
  std::array<metrics::Histogram, 2> run_durations{long_ones<2>()};  ///< success, failed

  /// What a pass has stored and is about to do. @param now  the time of the pass
  void observe(const scheduler::Changes& changes, Time now);

 private:
  template <std::size_t... I>
  static std::array<metrics::Histogram, sizeof...(I)> repeat(std::index_sequence<I...>) {
    return {((void)I, metrics::Histogram(metrics::Histogram::kLong))...};
  }
  template <std::size_t N>
  static std::array<metrics::Histogram, N> long_ones() {
    return repeat(std::make_index_sequence<N>());
  }
};

/// How much there is at one moment.
struct LoopState {
  struct Pool {
    std::string name;
    int slots = 0;
    int occupied = 0;
    std::size_t waiting = 0;
  };
  std::size_t queued_items = 0;
  std::size_t queued_runs = 0;
  std::size_t running_runs = 0;
  std::size_t active_attempts = 0;
  std::size_t parked = 0;
  std::vector<Pool> pools;
};

}  // namespace leoflow::engine
