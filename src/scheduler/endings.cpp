#include <algorithm>
#include <numeric>

#include "scheduler/scheduler.hpp"

// What the end of one thing, or its time, does to others: fail_fast, dagrun_timeout, callbacks,
// max_consecutive_failed_dag_runs.
namespace leoflow::scheduler {

// Source: Airflow 3.3.2, DagRun.update_state, produce_dag_callback.
void Scheduler::call_back(Run& run, std::string reason, Time now) {
  const bool is_failure = run.state == RunState::failed;
  const bool wanted = is_failure ? run.graph->has_on_failure_callback : run.graph->has_on_success_callback;
  if (!wanted || run.tasks.empty()) return;
  const TaskState telling = is_failure ? TaskState::failed : TaskState::success;
  const auto rank = [&](const TaskInstance& ti) {
    return std::pair(ti.state == telling, ti.end_date.value_or(Time{}));
  };
  const auto cause = std::ranges::max_element(run.tasks, {}, rank);
  changes_.callbacks.push_back({make_id_(now),
                                is_failure ? CallbackKind::dag_failure : CallbackKind::dag_success,
                                run.ref_to(*cause), cause->id, cause->try_number, std::move(reason)});
}

// Source: Airflow 3.3.2, SchedulerJobRunner.process_executor_events.
void Scheduler::call_back(TaskRef ref, bool is_retry, const std::string& reason, Time now) {
  const dag::Task& task = ref.task();
  const auto add = [&](CallbackKind kind) {
    changes_.callbacks.push_back({make_id_(now), kind, ref, ref.ti().id, ref.ti().try_number, reason});
  };
  if (is_retry ? task.has_on_retry_callback : task.has_on_failure_callback) {
    add(is_retry ? CallbackKind::task_retry : CallbackKind::task_failure);
  }
  if (is_retry ? task.emails_on_retry : task.emails_on_failure) {
    add(is_retry ? CallbackKind::retry_email : CallbackKind::failure_email);
  }
}

void Scheduler::fail_fast(TaskRef failed, Time now) {
  for (std::uint32_t i = 0; i < failed.run->tasks.size(); ++i) {
    const TaskRef ref{failed.run, i};
    const TaskInstance& ti = ref.ti();
    if (ti.task == failed.ti().task || ref.task().is_teardown) continue;
    if (ti.state == TaskState::success || ti.state == TaskState::failed) continue;
    // As in Airflow: what runs fails, everything else that did not end itself counts as skipped.
    const bool is_running = ti.state == TaskState::running;
    end_now(ref, is_running ? TaskState::failed : TaskState::skipped,
            "a task failed and the DAG has fail_fast", now);
  }
  // The teardowns.
  Open open(failed.run->tasks.size());
  std::iota(open.begin(), open.end(), 0U);
  evaluate(*failed.run, std::move(open), now);
}

void Scheduler::arm_timeout(const Run& run) {
  if (!run.graph->dagrun_timeout || !run.start_date) return;
  arm({*run.start_date + *run.graph->dagrun_timeout, Timer::Kind::run_timeout, run.dag->dag_id, run.run_id});
}

void Scheduler::time_out(Run& run, Time now) {
  // It may have been cleared and started again since, or be another run of that name.
  const auto& limit = run.graph->dagrun_timeout;
  if (!limit || run.state != RunState::running || *run.start_date + *limit > now) return;
  for (std::uint32_t i = 0; i < run.tasks.size(); ++i) {
    const TaskRef ref{&run, i};
    if (!is_finished(ref.ti().state))
      end_now(ref, TaskState::skipped, "the run took longer than dagrun_timeout", now);
  }
  end_run(run, RunState::failed, now);
  call_back(run, "timed_out", now);
}

void Scheduler::remember(const Run& run) {
  remember_run(run.dag->dag_id, run.run_id, run.run_after, run.state);
}

void Scheduler::remember_run(const std::string& dag_id, const std::string& run_id, Time run_after,
                             RunState state) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr) return;
  dag->recent[{run_after, run_id}] = state;
  const auto most = static_cast<std::size_t>(dag->graph->max_consecutive_failed_dag_runs);
  while (dag->recent.size() > most) dag->recent.erase(dag->recent.begin());
}

void Scheduler::pause_after_failures(DagEntry& dag, Time now) {
  const auto most = static_cast<std::size_t>(dag.graph->max_consecutive_failed_dag_runs);
  if (most == 0 || dag.paused || dag.recent.size() < most) return;
  const bool all_failed =
      std::ranges::all_of(dag.recent, [](const auto& entry) { return entry.second == RunState::failed; });
  if (!all_failed) return;
  dag.paused = true;
  note(dag);
  changes_.paused_by_failures.push_back(dag.dag_id);
  gate_changed(dag, now);
}

}  // namespace leoflow::scheduler
