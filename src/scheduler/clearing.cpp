#include <algorithm>

#include "scheduler/scheduler.hpp"

// Task instances run again because somebody wants them to.
namespace leoflow::scheduler {

void Scheduler::reset(TaskRef ref, Time now) {
  TaskInstance& ti = ref.ti();
  archive(ref, now);
  if (!has_begun(ti)) {
    // That try never began, so its number is free.
    ti.try_number = static_cast<std::uint16_t>(std::max(0, ti.try_number - 1));
  }
  set_state(ref, TaskState::none);
  rename(ti, now);
  ti.max_tries = static_cast<std::uint16_t>(ti.try_number + ref.task().retries);
  ti.scheduled_at.reset();
  ti.queued_at.reset();
  ti.start_at(std::nullopt);
  ti.end_date.reset();
  ti.retry_at.reset();
  ti.reschedules = 0;
  ti.failed_starts = 0;
  ti.resumes = false;
  ti.first_start.reset();
  note(ref);
}

void Scheduler::reopen(Run& run, Time now) {
  ++run.clear_number;
  note(run);
  if (!is_finished(run.state)) return;
  run.start_date.reset();
  run.end_date.reset();
  set_run_state(run, RunState::queued, now);
}

Result<void> Scheduler::clear(Run& run, const std::vector<std::pair<std::string, int>>& tasks, bool reset_run,
                              Time now) {
  const auto chosen = run.find_all(tasks);
  if (!chosen) return std::unexpected(chosen.error());
  for (const TaskRef& ref : *chosen) {
    switch (ref.ti().state) {
      case TaskState::running:
      case TaskState::queued:
        // Runs again once its process is gone.
        set_state(ref, TaskState::restarting);
        changes_.stop.push_back({ref.ti().id, std::string(kCleared)});
        break;
      case TaskState::restarting:
        break;
      default:
        reset(ref, now);
    }
  }
  if (reset_run) {
    reopen(run, now);
    start_runs(*run.dag, now);
  }
  if (run.state == RunState::running) evaluate_all(run, now);
  return {};
}

}  // namespace leoflow::scheduler
