#include <algorithm>

#include "scheduler/limits.hpp"
#include "scheduler/scheduler.hpp"

// Scheduled task instances get pool slots and an agent's slot. Each waits in
// exactly one place: its pool's queue, or `held` at a gate that is full
// (max_active_tasks, max_active_tis_per_dag, max_active_tis_per_dagrun). So one
// that cannot run is looked at once, not every time.
namespace leoflow::scheduler {

ReadyKey Scheduler::key_of(TaskRef ref) {
  return {-static_cast<std::int64_t>(weight_of(ref.task(), ref.ti())), ref.run->run_after, ref.run->sequence,
          ref.index};
}

Pool& Scheduler::pool_of(TaskRef ref) {
  return pools_[ref.task().pool];
}

void Scheduler::make_ready(TaskRef ref) {
  // One of a paused DAG waits for gate_changed.
  if (!ref.run->dag->may_run()) return;
  pool_of(ref).ready.emplace(key_of(ref), ref);
}

void Scheduler::unready(TaskRef ref) {
  const ReadyKey key = key_of(ref);
  if (pool_of(ref).ready.erase(key) > 0) return;
  for (const Limit& limit : Limits(ref)) {
    const auto held = limit.gate->held.find(ref.task().pool);
    if (held == limit.gate->held.end()) continue;
    held->second.erase(key);
    if (held->second.empty()) limit.gate->held.erase(held);
  }
}

void Scheduler::count_slots(TaskRef ref, TaskState before, TaskState after) {
  const auto is_active = [](TaskState state) { return occupies_slot(state) || is_parked(state); };
  const int slots = int{occupies_slot(after)} - int{occupies_slot(before)};
  const int active = int{is_active(after)} - int{is_active(before)};
  if (slots == 0 && active == 0) return;
  pool_of(ref).occupied += slots * ref.task().pool_slots;
  for (const Limit& limit : Limits(ref)) {
    limit.gate->active += static_cast<std::uint32_t>(limit.counts_parked ? active : slots);
  }
  if (slots > 0) attempts_.emplace(ref.ti().id, ref);
  if (slots < 0) attempts_.erase(ref.ti().id);
  if (slots < 0 || active < 0) release_held(ref);
}

void Scheduler::release_firsts(Gate& gate) {
  for (auto held = gate.held.begin(); held != gate.held.end();) {
    const TaskRef next = held->second.begin()->second;
    held->second.erase(held->second.begin());
    held = held->second.empty() ? gate.held.erase(held) : std::next(held);
    make_ready(next);
    has_released_ = true;
  }
}

void Scheduler::release_held(TaskRef ref) {
  for (const Limit& limit : Limits(ref)) release_firsts(*limit.gate);
}

bool Scheduler::is_held_back(TaskRef ref) {
  const Limits limits(ref);
  const Limit* full = std::ranges::find_if(limits, &Limit::is_full);
  if (full == limits.end()) return false;
  full->gate->held[ref.task().pool].emplace(key_of(ref), ref);
  // The others may have let it through, and it does not use that: another of theirs may.
  for (const Limit& limit : limits) {
    if (!limit.is_full()) release_firsts(*limit.gate);
  }
  return true;
}

bool Scheduler::dispatch_one(Pool& pool, Time now) {
  for (auto it = pool.ready.begin(); it != pool.ready.end();) {
    const TaskRef ref = it->second;
    if (is_held_back(ref)) {
      it = pool.ready.erase(it);
      continue;
    }
    if (ref.task().pool_slots > pool.free()) {
      // A smaller one may fit, behind it or at a gate where it does not use the place that it has.
      release_held(ref);
      ++it;
      continue;
    }
    ref.ti().queued_at = now;
    set_state(ref, TaskState::queued);
    changes_.start.push_back(ref);
    --free_slots_;
    return true;
  }
  return false;
}

void Scheduler::dispatch(Time now) {
  while (free_slots_ > 0) {
    // The pool with the most important first waiter; there are few pools.
    std::vector<Pool*> candidates;
    for (auto& [name, pool] : pools_) {
      if (!pool.ready.empty() && pool.free() > 0) candidates.push_back(&pool);
    }
    std::ranges::sort(candidates, {}, [](const Pool* pool) { return pool->ready.begin()->first; });
    has_released_ = false;
    const bool found = std::ranges::any_of(candidates, [&](Pool* pool) { return dispatch_one(*pool, now); });
    if (!found && !has_released_) return;
  }
}

void Scheduler::put_pool(const std::string& name, int slots, bool include_deferred) {
  Pool& pool = pools_[name];
  // -1 is Airflow's "without limit".
  pool.slots = slots < 0 ? 1'000'000'000 : slots;
  pool.include_deferred = include_deferred;
}

void Scheduler::close_pools() {
  for (auto& [name, pool] : pools_) pool.slots = 0;
}

}  // namespace leoflow::scheduler
