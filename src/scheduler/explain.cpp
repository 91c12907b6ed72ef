#include <algorithm>
#include <fmt/format.h>

#include "base/time_text.hpp"
#include "scheduler/limits.hpp"
#include "scheduler/scheduler.hpp"

// Why a task instance is not running now. It asks the rules that decide, so it cannot tell another story.
namespace leoflow::scheduler {
namespace {

// The names that Airflow gives to its dependencies.
constexpr const char* kPaused = "Dag Not Paused";
constexpr const char* kRun = "Dagrun Running";
constexpr const char* kTriggerRule = "Trigger Rule";
constexpr const char* kPast = "Previous Dagrun State";
constexpr const char* kRetry = "Not In Retry Period";
constexpr const char* kReschedule = "Ready To Reschedule";
constexpr const char* kPool = "Pool Slots Available";
// Airflow has none for these.
constexpr const char* kTrigger = "Trigger";
constexpr const char* kInput = "Human Input";
constexpr const char* kAgent = "Agent Slots Available";

constexpr std::size_t kNamed = 5;  ///< of many upstream tasks so many are named

/// "b (running), c (2 of 10 done)": those of `tasks` that are not done.
std::string unfinished_of(const Run& run, const std::vector<TaskIndex>& tasks) {
  std::string out;
  std::size_t left_out = 0;
  std::size_t named = 0;
  for (const TaskIndex task : tasks) {
    const StateCounts& own = run.families[task].own;
    if (own.done() >= own.all) continue;
    if (++named > kNamed) {
      ++left_out;
      continue;
    }
    const TaskState state = run.tasks[task].state;
    const std::string how = own.all > 1                ? fmt::format("{} of {} done", own.done(), own.all)
                            : state == TaskState::none ? "not started"
                                                       : std::string(to_text(state));
    out += fmt::format("{}'{}' ({})", out.empty() ? "" : ", ", run.graph->tasks[task].task_id, how);
  }
  if (left_out > 0) out += fmt::format(" and {} more", left_out);
  return out;
}

std::string why_queued(const Run& run) {
  const DagEntry& dag = *run.dag;
  const auto is_full = [](std::uint32_t running, int most) {
    return running >= static_cast<std::uint32_t>(most);
  };
  constexpr std::string_view kTurn =
      "the run waits for its turn: {} runs of {} are running, which is its max_active_runs";
  if (const auto& backfill = dag.backfill; backfill && run.backfill && backfill->id == run.backfill->id) {
    if (backfill->paused) return fmt::format("backfill {} is paused; unpause it", backfill->id);
    if (is_full(backfill->running, backfill->max_active_runs)) {
      return fmt::format(kTurn, backfill->running, fmt::format("backfill {}", backfill->id));
    }
  } else if (is_full(dag.running, run.graph->max_active_runs)) {
    return fmt::format(kTurn, dag.running, "the DAG");
  }
  return "the run has not started yet";
}

void explain_dag(const Run& run, std::vector<Blocker>& out) {
  const DagEntry& dag = *run.dag;
  if (dag.paused) out.push_back({kPaused, fmt::format("DAG '{}' is paused; unpause it", dag.dag_id)});
  if (dag.stale) {
    out.push_back({kPaused, fmt::format("no file defines DAG '{}' any more; put it back", dag.dag_id)});
  }
  if (run.state == RunState::queued) {
    out.push_back({kRun, why_queued(run)});
  } else if (is_finished(run.state)) {
    out.push_back({kRun, fmt::format("the run has ended: {}; clear it to start again", to_text(run.state))});
  }
}

void explain_upstream(TaskRef ref, std::vector<Blocker>& out) {
  const dag::Task& task = ref.task();
  const auto waits_for = [&](const std::vector<TaskIndex>& tasks, const std::string& what) {
    const std::string names = unfinished_of(*ref.run, tasks);
    if (!names.empty()) out.push_back({kTriggerRule, fmt::format("{}: {}", what, names)});
  };
  waits_for(task.upstream,
            fmt::format("trigger_rule '{}' waits for upstream tasks", to_text(task.trigger_rule)));
  waits_for(task.setups, "waits for the setup tasks around it");
  waits_for(task.scope, "a teardown waits for what runs under its setup");
  if (task.expansion) waits_for(task.expansion->sources, "waits for what it is mapped over");
}

}  // namespace

void Scheduler::explain_slots(TaskRef ref, std::vector<Blocker>& out) {
  const std::size_t before = out.size();
  for (const Limit& limit : Limits(ref)) {
    if (!limit.is_full()) continue;
    out.push_back({limit.dependency, fmt::format("{} task instances are active, which is the {} of {}",
                                                 limit.gate->active, limit.setting, limit.most)});
  }
  const Pool& pool = pool_of(ref);
  const int needs = ref.task().pool_slots;
  if (needs > pool.free()) {
    out.push_back({kPool, fmt::format("pool '{}' has {} slots, {} of them free; the task needs {}",
                                      ref.task().pool, pool.slots, std::max(pool.free(), 0), needs)});
  }
  if (free_slots_ <= 0) out.push_back({kAgent, "no agent has a free slot, or none is connected"});
  if (out.size() > before) return;
  const auto ahead = std::distance(pool.ready.begin(), pool.ready.lower_bound(key_of(ref)));
  if (ahead > 0) {
    out.push_back({kPool, fmt::format("{} task instances of pool '{}' come first", ahead, ref.task().pool)});
  }
}

std::vector<Blocker> Scheduler::explain(TaskRef ref) {
  std::vector<Blocker> out;
  const TaskInstance& ti = ref.ti();
  switch (ti.state) {
    case TaskState::none:
      explain_dag(*ref.run, out);
      if (verdict_of(ref) == Verdict::wait) explain_upstream(ref, out);
      if (!past_allows(ref)) {
        out.push_back(
            {kPast, ref.task().wait_for_downstream
                        ? "wait_for_downstream: the task or one below it did not succeed in the run before"
                        : "depends_on_past: the task did not succeed in the run before"});
      }
      break;
    case TaskState::scheduled:
      explain_dag(*ref.run, out);
      explain_slots(ref, out);
      break;
    case TaskState::queued:
      out.push_back({kAgent, "an agent was told to start it and has not said yet that it did"});
      break;
    case TaskState::up_for_retry:
      out.push_back({kRetry, fmt::format("it is tried again at {}", to_iso_z(ti.retry_at.value_or(Time{})))});
      break;
    case TaskState::up_for_reschedule:
      out.push_back(
          {kReschedule, fmt::format("the sensor looks again at {}", to_iso_z(ti.retry_at.value_or(Time{})))});
      break;
    case TaskState::deferred:
      out.push_back({kTrigger, "it waits for its trigger to fire"});
      break;
    case TaskState::awaiting_input:
      out.push_back({kInput, "it waits for a person's answer: see Required Actions"});
      break;
    default:
      break;
  }
  return out;
}

}  // namespace leoflow::scheduler
