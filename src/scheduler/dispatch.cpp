#include <algorithm>

#include "scheduler/scheduler.hpp"

// Scheduled task instances get pool slots and an agent's slot. Each waits in
// exactly one place: its pool's queue, or its DAG's `held` while its run is at
// max_active_tasks. So one that cannot run is looked at once, not every time.
namespace leoflow::scheduler {

ReadyKey Scheduler::key_of(TaskRef ref) {
  return {-static_cast<std::int64_t>(ref.task().priority_weight), ref.run->run_after, ref.run->sequence,
          ref.index};
}

Pool& Scheduler::pool_of(TaskRef ref) {
  return pools_[ref.task().pool];
}

void Scheduler::make_ready(TaskRef ref) {
  pool_of(ref).ready.emplace(key_of(ref), ref);
}

void Scheduler::unready(TaskRef ref) {
  const ReadyKey key = key_of(ref);
  if (pool_of(ref).ready.erase(key) > 0) return;
  const auto held = ref.run->dag->held.find(ref.run);
  if (held != ref.run->dag->held.end()) held->second.erase(key);
}

void Scheduler::occupy(TaskRef ref, int by) {
  Run& run = *ref.run;
  pool_of(ref).occupied += by * ref.task().pool_slots;
  if (by > 0) {
    ++run.active;
    attempts_.emplace(ref.ti().id, ref);
    return;
  }
  --run.active;
  attempts_.erase(ref.ti().id);
  const auto held = run.dag->held.find(&run);
  if (held == run.dag->held.end()) return;
  if (!held->second.empty()) {
    const TaskRef next = held->second.begin()->second;
    held->second.erase(held->second.begin());
    make_ready(next);
  }
  if (held->second.empty()) run.dag->held.erase(held);
}

bool Scheduler::dispatch_one(Pool& pool, Time now) {
  for (auto it = pool.ready.begin(); it != pool.ready.end();) {
    const TaskRef ref = it->second;
    Run& run = *ref.run;
    if (run.active >= static_cast<std::uint32_t>(run.graph->max_active_tasks)) {
      run.dag->held[&run].emplace(*it);
      it = pool.ready.erase(it);
      continue;
    }
    if (ref.task().pool_slots > pool.slots - pool.occupied) {
      ++it;  // a smaller one behind it may fit
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
      if (!pool.ready.empty() && pool.occupied < pool.slots) candidates.push_back(&pool);
    }
    std::ranges::sort(candidates, {}, [](const Pool* pool) { return pool->ready.begin()->first; });
    const bool found = std::ranges::any_of(candidates, [&](Pool* pool) { return dispatch_one(*pool, now); });
    if (!found) return;
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
