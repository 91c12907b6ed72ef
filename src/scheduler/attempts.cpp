#include <algorithm>

#include "scheduler/retry.hpp"
#include "scheduler/scheduler.hpp"

// Life of an attempt: it starts, reports, ends or is lost; retries.
namespace leoflow::scheduler {

std::optional<TaskRef> Scheduler::find_attempt(const Uuid& attempt) const {
  const auto found = attempts_.find(attempt);
  return found == attempts_.end() ? std::nullopt : std::optional(found->second);
}

ActiveAttempts Scheduler::active_attempts() const {
  ActiveAttempts out;
  out.all.reserve(attempts_.size());
  for (const auto& [id, ref] : attempts_) {
    out.all.push_back(id);
    if (ref.ti().state == TaskState::restarting) out.cleared.push_back(id);
  }
  return out;
}

void Scheduler::attempt_started(const Uuid& attempt, Time now) {
  const auto ref = find_attempt(attempt);
  if (!ref || ref->ti().state != TaskState::queued) return;
  TaskInstance& ti = ref->ti();
  // A task that goes on after a deferral began when it began.
  ti.start_at(ti.resumes && ti.first_start ? *ti.first_start : now);
  ti.end_date.reset();
  ti.failed_starts = 0;
  set_state(*ref, TaskState::running);
}

bool Scheduler::attempt_reported(const Uuid& attempt, Outcome outcome, Time now,
                                 std::optional<Duration> retry_delay) {
  const auto ref = find_attempt(attempt);
  if (!ref) return false;
  if (ref->ti().state == TaskState::restarting) {
    end_restarting(*ref, now);
    return true;
  }
  switch (outcome) {
    case Outcome::success:
      finish(*ref, TaskState::success, now);
      break;
    case Outcome::failed:
      finish(*ref, TaskState::failed, now);
      break;
    case Outcome::skipped:
      finish(*ref, TaskState::skipped, now);
      break;
    case Outcome::removed:
      finish(*ref, TaskState::removed, now);
      break;
    case Outcome::upstream_failed:
      finish(*ref, TaskState::upstream_failed, now);
      break;
    case Outcome::up_for_retry:
      retry(*ref, now, retry_delay);
      break;
  }
  return true;
}

bool Scheduler::attempt_rescheduled(const Uuid& attempt, Time at, Time now) {
  const auto ref = find_attempt(attempt);
  if (!ref) return false;
  TaskInstance& ti = ref->ti();
  if (ti.state == TaskState::restarting) {
    end_restarting(*ref, now);
    return true;
  }
  ti.end_date = now;
  ti.retry_at = at;
  ++ti.reschedules;
  if (!ti.first_start) ti.first_start = ti.start_date;
  set_state(*ref, TaskState::up_for_reschedule);
  // The agent takes an attempt once.
  rename(ti, now);
  arm_wake_up(*ref);
  return true;
}

bool Scheduler::attempt_lost(const Uuid& attempt, const std::string& reason, Time now) {
  const auto ref = find_attempt(attempt);
  if (!ref) return false;
  const TaskInstance& ti = ref->ti();
  if (ti.state == TaskState::restarting) {
    end_restarting(*ref, now);
  } else if (ref->task().retries > 0 && ti.try_number <= ti.max_tries) {
    call_back(*ref, true, reason, now);
    retry(*ref, now);
  } else {
    call_back(*ref, false, reason, now);
    finish(*ref, TaskState::failed, now);
  }
  return true;
}

bool Scheduler::attempt_dropped(const Uuid& attempt, const std::string& reason, Time now) {
  const auto ref = find_attempt(attempt);
  if (!ref) return false;
  TaskInstance& ti = ref->ti();
  if (ti.state != TaskState::queued || ti.failed_starts >= start_retries_.most)
    return attempt_lost(attempt, reason, now);
  const Duration delay = start_retries_.delay * (1LL << std::min<int>(ti.failed_starts, 10));
  // The ids of attempts are random at their end: those that failed together do not come again together.
  ti.retry_at = now + delay + delay * std::int64_t{attempt.bytes.back()} / 512;
  ++ti.failed_starts;
  ti.queued_at.reset();
  set_state(*ref, TaskState::up_for_reschedule);
  rename(ti, now);
  arm_wake_up(*ref);
  return true;
}

void Scheduler::attempt_refused(const Uuid& attempt, Time now) {
  const auto ref = find_attempt(attempt);
  if (!ref) return;
  TaskInstance& ti = ref->ti();
  // Cleared on its way: there is no process whose end would be told.
  if (ti.state == TaskState::restarting) return end_restarting(*ref, now);
  if (ti.state != TaskState::queued) return;
  ti.queued_at.reset();
  set_state(*ref, TaskState::scheduled);
  // A new name: the agent that refused must be free to take the next one.
  rename(ti, now);
  make_ready(*ref);
}

Result<void> Scheduler::skip_downstream(const Uuid& attempt,
                                        const std::vector<std::pair<std::string, int>>& tasks, Time now) {
  const auto ref = find_attempt(attempt);
  if (!ref) return fail(ErrorCode::conflict, "the task instance is not running");
  std::vector<TaskRef> skipped;
  for (const auto& [task_id, map_index] : tasks) {
    // As in Airflow what is not in the run is passed over. One that was mapped meanwhile is skipped by the
    // decision that the attempt pushed.
    const TaskInstance* ti = ref->run->find(task_id, map_index);
    if (ti == nullptr) continue;
    // As in Airflow: what runs, or ended by itself, is not touched any more.
    const TaskState state = ti->state;
    if (state == TaskState::running || state == TaskState::restarting || state == TaskState::success ||
        state == TaskState::failed) {
      continue;
    }
    const TaskRef target = ref->run->ref_to(*ti);
    end_now(target, TaskState::skipped, "a task above it left it out", now);
    skipped.push_back(target);
  }
  // All are skipped before anybody looks at one of them.
  for (const TaskRef& target : skipped) propagate(target, now);
  return {};
}

void Scheduler::archive(TaskRef ref, Time now) {
  TaskInstance& ti = ref.ti();
  // Nothing was tried, or it is in the history already, or this try did not begin.
  if (ti.try_number == 0 || !has_begun(ti) || ti.state == TaskState::up_for_retry) return;
  const bool finished = is_finished(ti.state);
  changes_.past_tries.push_back({ref, ti.id, finished ? ti.state : TaskState::failed, ti.try_number,
                                 ti.max_tries, ti.scheduled_at, ti.queued_at, ti.start_date,
                                 ti.end_date ? ti.end_date : std::optional(now)});
  // Its XComs go with it.
  forget_length(ref);
  ref.run->skips.erase(ref.index);
}

void Scheduler::retry(TaskRef ref, Time now, std::optional<Duration> delay) {
  TaskInstance& ti = ref.ti();
  ti.end_date = now;
  archive(ref, now);
  const Run& run = *ref.run;
  if (!delay) delay = retry_delay(run.dag->dag_id, ref.task(), run.logical_date, ti.try_number);
  ti.retry_at = now + *delay;
  set_state(ref, TaskState::up_for_retry);
  rename(ti, now);
  ti.reschedules = 0;
  ti.failed_starts = 0;
  ti.resumes = false;
  ti.first_start.reset();
  arm_wake_up(ref);
}

void Scheduler::arm_wake_up(TaskRef ref) {
  const TaskInstance& ti = ref.ti();
  arm({ti.retry_at.value_or(Time{}), Timer::Kind::wake_up, ref.run->dag->dag_id, ref.run->run_id, ref.index,
       ti.id});
}

void Scheduler::end_restarting(TaskRef ref, Time now) {
  ref.ti().end_date = now;
  reset(ref, now);
  evaluate(*ref.run, {ref.index}, now);
  finish_if_over(*ref.run, now);
}

}  // namespace leoflow::scheduler
