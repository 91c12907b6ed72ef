#pragma once

#include <array>

#include "scheduler/model.hpp"

namespace leoflow::scheduler {

/// A limit that a task instance is under besides its pool's, with the most that may be active.
struct Limit {
  Gate* gate;
  std::uint32_t most;
  bool counts_parked;      ///< those that wait for a trigger or a person, too
  const char* dependency;  ///< Airflow's name for what it holds back
  const char* setting;     ///< where the user says how many
  bool is_full() const { return gate->active >= most; }
};

/// At most three: its run's, its task's in all runs and its task's in this run.
class Limits {
 public:
  explicit Limits(TaskRef ref) {
    Run& run = *ref.run;
    const dag::Task& task = ref.task();
    add({&run.gate, static_cast<std::uint32_t>(run.graph->max_active_tasks), false,
         "Task Instance Slots Available", "max_active_tasks"});
    if (const auto& most = task.max_active_tis_per_dag) {
      add({&run.dag->task_gates[task.task_id], static_cast<std::uint32_t>(*most), true, "Task Concurrency",
           "max_active_tis_per_dag"});
    }
    if (const auto& most = task.max_active_tis_per_dagrun) {
      add({&run.task_gates[ref.ti().task], static_cast<std::uint32_t>(*most), true, "Task Concurrency",
           "max_active_tis_per_dagrun"});
    }
  }
  const Limit* begin() const { return limits_.data(); }
  const Limit* end() const { return limits_.data() + size_; }

 private:
  void add(Limit limit) { limits_[size_++] = limit; }

  std::array<Limit, 3> limits_{};
  std::size_t size_ = 0;
};

}  // namespace leoflow::scheduler
