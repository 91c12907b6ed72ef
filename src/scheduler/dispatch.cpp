#include <algorithm>

#include "scheduler/scheduler.hpp"

// Scheduled task instances get pool slots and an agent's slot. Each waits in
// exactly one place: its pool's queue, or its DAG's `held` while its run is at
// max_active_tasks, or with its task's limit while that is at
// max_active_tis_per_dag. So one that cannot run is looked at once, not every time.
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
  DagEntry& dag = *ref.run->dag;
  if (const auto held = dag.held.find(ref.run); held != dag.held.end()) held->second.erase(key);
  if (const auto limit = dag.task_limits.find(ref.task().task_id); limit != dag.task_limits.end()) {
    limit->second.held.erase(key);
  }
}

void Scheduler::occupy(TaskRef ref, int by) {
  Run& run = *ref.run;
  pool_of(ref).occupied += by * ref.task().pool_slots;
  if (ref.task().max_active_tis_per_dag) {
    run.dag->task_limits[ref.task().task_id].active += static_cast<std::uint32_t>(by);
  }
  if (by > 0) {
    ++run.active;
    attempts_.emplace(ref.ti().id, ref);
    return;
  }
  --run.active;
  attempts_.erase(ref.ti().id);
  release_held(ref);
}

void Scheduler::release_first(ReadyQueue& held) {
  if (held.empty()) return;
  const TaskRef next = held.begin()->second;
  held.erase(held.begin());
  make_ready(next);
}

void Scheduler::release_held(TaskRef ref) {
  DagEntry& dag = *ref.run->dag;
  if (const auto held = dag.held.find(ref.run); held != dag.held.end()) {
    release_first(held->second);
    if (held->second.empty()) dag.held.erase(held);
  }
  const auto limit = dag.task_limits.find(ref.task().task_id);
  if (limit != dag.task_limits.end()) release_first(limit->second.held);
}

bool Scheduler::is_held_back(TaskRef ref) {
  Run& run = *ref.run;
  const dag::Task& task = ref.task();
  TaskLimit* limit = task.max_active_tis_per_dag ? &run.dag->task_limits[task.task_id] : nullptr;
  const bool task_is_full =
      limit && limit->active >= static_cast<std::uint32_t>(*task.max_active_tis_per_dag);
  if (run.active >= static_cast<std::uint32_t>(run.graph->max_active_tasks)) {
    run.dag->held[&run].emplace(key_of(ref), ref);
    // It was let through by its task's limit and does not use that: another run's may.
    if (limit && !task_is_full) release_first(limit->held);
    return true;
  }
  if (!task_is_full) return false;
  limit->held.emplace(key_of(ref), ref);
  // Likewise: its run has room for another.
  if (const auto held = run.dag->held.find(&run); held != run.dag->held.end()) release_first(held->second);
  return true;
}

bool Scheduler::dispatch_one(Pool& pool, Time now) {
  for (auto it = pool.ready.begin(); it != pool.ready.end();) {
    const TaskRef ref = it->second;
    if (is_held_back(ref)) {
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
