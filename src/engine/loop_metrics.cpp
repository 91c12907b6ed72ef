#include "engine/loop_metrics.hpp"

namespace leoflow::engine {

void LoopMetrics::observe(const scheduler::Changes& changes, Time now) {
  runs_created.add(changes.created.size());
  attempts_sent.add(changes.start.size());
  attempts_stopped.add(changes.stop.size());
  triggers_started.add(changes.start_triggers.size());
  callbacks.add(changes.callbacks.size());
  for (const scheduler::TaskRef& ref : changes.start) {
    if (const auto since = ref.ti().scheduled_at) dispatch.observe(now - *since);
  }
  // Tries that another one follows, perhaps at once: the task instance tells of that already.
  for (const scheduler::PastTry& past : changes.past_tries) {
    if (past.end_date != now || !past.start_date || past.state != dag::TaskState::failed) continue;
    task_durations[static_cast<std::size_t>(dag::TaskState::up_for_retry)].observe(now - *past.start_date);
    retries.add();
  }
  for (const scheduler::TaskRef& ref : changes.tasks) {
    const scheduler::TaskInstance& ti = ref.ti();
    // Others were noted for something else than their end.
    if (!dag::is_finished(ti.state) || ti.end_date != now || !ti.start_date) continue;
    task_durations[static_cast<std::size_t>(ti.state)].observe(now - *ti.start_date);
  }
  for (const scheduler::Run* run : changes.runs) {
    if (!dag::is_finished(run->state) || run->end_date != now || !run->start_date) continue;
    run_durations[run->state == dag::RunState::success ? 0 : 1].observe(now - *run->start_date);
  }
}

}  // namespace leoflow::engine
