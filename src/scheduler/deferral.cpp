#include "scheduler/scheduler.hpp"

// Task instances that wait for a trigger or for a person, without a process and without a slot of an agent.
namespace leoflow::scheduler {

Deferral deferral_of(const dag::TriggerCall& call, Time now) {
  Deferral deferral;
  if (const auto time = as_time_trigger(call)) {
    deferral.fires_at = time->moment;
    deferral.ends_task = time->ends_task;
  }
  if (call.timeout) deferral.deadline = now + *call.timeout;
  return deferral;
}

bool Scheduler::attempt_deferred(const Uuid& attempt, const Deferral& deferral, Time now) {
  const auto ref = find_attempt(attempt);
  if (!ref) return false;
  if (ref->ti().state == TaskState::restarting) {
    end_restarting(*ref, now);
    return true;
  }
  defer(*ref, deferral, now);
  return true;
}

void Scheduler::defer(TaskRef ref, const Deferral& deferral, Time now) {
  TaskInstance& ti = ref.ti();
  if (!ti.first_start) ti.first_start = ti.start_date;
  ti.resumes = false;
  if (occupies_slot(ti.state)) {
    // The agent takes an attempt once. Its old name goes with its slot.
    set_state(ref, TaskState::none);
    rename(ti, now);
  }
  set_state(ref, deferral.for_input ? TaskState::awaiting_input : TaskState::deferred);
  await_trigger(ref, deferral);
}

void Scheduler::defer_at_start(TaskRef ref, Time now) {
  ref.ti().start_at(now);
  changes_.deferred.push_back(ref);
  defer(ref, deferral_of(*ref.task().start_trigger, now), now);
}

void Scheduler::await_trigger(TaskRef ref, const Deferral& deferral) {
  const Uuid& id = ref.ti().id;
  if (deferral.fires_at) {
    const auto kind = deferral.ends_task ? Timer::Kind::trigger_end : Timer::Kind::trigger;
    arm({*deferral.fires_at, kind, "", "", 0, id});
  } else if (!deferral.for_input) {
    changes_.start_triggers.push_back(ref);
    told_triggers_.insert(id);
  }
  if (deferral.deadline) arm({*deferral.deadline, Timer::Kind::trigger_timeout, "", "", 0, id});
}

void Scheduler::restore_deferral(Run& run, std::string_view task_id, int map_index,
                                 const Deferral& deferral) {
  TaskInstance* ti = run.find(task_id, map_index);
  if (ti == nullptr) return;
  if (!is_parked(ti->state)) {
    ti->resumes = true;
    return;
  }
  await_trigger(run.ref_to(*ti), deferral);
}

std::optional<TaskRef> Scheduler::find_parked(const Uuid& id) const {
  const auto found = parked_.find(id);
  return found == parked_.end() ? std::nullopt : std::optional(found->second);
}

bool Scheduler::trigger_fired(const Uuid& id, Time now) {
  const auto ref = find_parked(id);
  if (!ref) return false;
  ref->ti().resumes = true;
  schedule(*ref, now);
  return true;
}

void Scheduler::trigger_ended(const Uuid& id, TaskState state, Time now) {
  const auto ref = find_parked(id);
  if (!ref) return;
  if (state == TaskState::failed && ref->task().retries > 0 && ref->ti().try_number <= ref->ti().max_tries) {
    retry(*ref, now);
  } else {
    finish(*ref, state, now);
  }
}

void Scheduler::trigger_timed_out(const Uuid& id, Time now) {
  const auto ref = find_parked(id);
  if (!ref) return;
  const bool for_input = ref->ti().state == TaskState::awaiting_input;
  (for_input ? changes_.overdue_inputs : changes_.timed_out).push_back(*ref);
  trigger_fired(id, now);
}

bool Scheduler::tick_trigger(const Timer& timer, Time now) {
  switch (timer.kind) {
    case Timer::Kind::trigger:
      trigger_fired(timer.attempt, now);
      return true;
    case Timer::Kind::trigger_end:
      trigger_ended(timer.attempt, TaskState::success, now);
      return true;
    case Timer::Kind::trigger_timeout:
      trigger_timed_out(timer.attempt, now);
      return true;
    default:
      return false;
  }
}

void Scheduler::note_parked(TaskRef ref, bool is_parked) {
  // As in Airflow a pool does not count those that wait for a person.
  const int slots = ref.ti().state == TaskState::deferred ? ref.task().pool_slots : 0;
  if (is_parked) {
    pool_of(ref).deferred += slots;
    parked_.emplace(ref.ti().id, ref);
    return;
  }
  pool_of(ref).deferred -= slots;
  parked_.erase(ref.ti().id);
  if (told_triggers_.erase(ref.ti().id) > 0) changes_.stop_triggers.push_back(ref.ti().id);
}

}  // namespace leoflow::scheduler
