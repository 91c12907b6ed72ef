#include <fmt/format.h>

#include "scheduler/scheduler.hpp"

// People decide how something ended.
namespace leoflow::scheduler {

Result<void> Scheduler::mark_tasks(Run& run, const std::vector<std::pair<std::string, int>>& tasks,
                                   TaskState state, Time now) {
  const auto chosen = run.find_all(tasks);
  if (!chosen) return std::unexpected(chosen.error());
  std::vector<bool> marked(run.tasks.size());
  for (const TaskRef& ref : *chosen) {
    marked[ref.index] = true;
    end_now(ref, state, fmt::format("the task instance was marked {}", to_text(state)), now);
  }
  recheck_next_runs(run);
  // As in Airflow, what failed downstream of it gets another chance.
  bool cleared = false;
  for (const TaskRef& ref : *chosen) {
    for (const TaskIndex next : dag::reachable(*run.graph, ref.ti().task, false)) {
      for (std::uint32_t nth = 0; nth < run.instance_count(next); ++nth) {
        const TaskRef below{&run, run.instance(next, nth)};
        if (marked[below.index] || !is_failure(below.ti().state)) continue;
        reset(below, now);
        cleared = true;
      }
    }
  }
  if (cleared) {
    reopen(run, now);
    start_runs(*run.dag, now);
  }
  if (run.state == RunState::running) evaluate_all(run, now);
  return {};
}

void Scheduler::mark_run(Run& run, RunState state, Time now) {
  if (state == RunState::queued) {
    if (is_finished(run.state)) reopen(run, now);
    start_runs(*run.dag, now);
    return;
  }
  for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
    const TaskRef ref{&run, i};
    const TaskInstance& ti = ref.ti();
    const bool active = occupies_slot(ti.state);
    // A run that failed keeps what ended; what never began is skipped. A run that succeeded did so
    // everywhere.
    if (is_finished(ti.state) && (state == RunState::failed || ti.state == TaskState::success)) continue;
    const TaskState end = state == RunState::success ? TaskState::success
                          : active                   ? TaskState::failed
                                                     : TaskState::skipped;
    end_now(ref, end, fmt::format("the run was marked {}", to_text(state)), now);
  }
  if (run.state != state) end_run(run, state, now);
}

}  // namespace leoflow::scheduler
