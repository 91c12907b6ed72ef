#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/time_text.hpp"
#include "scheduler/scheduler.hpp"

// A DAG appears, changes, is paused, disappears; its next scheduled run.
namespace leoflow::scheduler {
namespace {

/// A partition may run again at the same time, so that its runs need more to tell them apart.
std::string scheduled_run_id(const dag::RunInfo& info, const Uuid& unique) {
  std::string out = fmt::format("scheduled__{}", to_iso_offset(info.run_after));
  if (info.partition_key) out += fmt::format("__{}__{}", *info.partition_key, unique.text().substr(24, 8));
  return out;
}

}  // namespace

DagEntry* Scheduler::find_dag(const std::string& dag_id) {
  const auto found = dags_.find(dag_id);
  return found == dags_.end() ? nullptr : found->second.get();
}

void Scheduler::put_dag(const std::string& dag_id, std::string version_id,
                        std::shared_ptr<const dag::Dag> graph, bool paused,
                        std::optional<dag::RunInfo> last_automated, Time now) {
  auto& owned = dags_[dag_id];
  const bool fresh = owned == nullptr;
  if (fresh) {
    owned = std::make_unique<DagEntry>();
    owned->dag_id = dag_id;
    owned->paused = paused;
    owned->last_automated = std::move(last_automated);
  }
  DagEntry& dag = *owned;
  const auto definition = [](const dag::Dag* of) {
    const dag::Partitioning* found = of == nullptr ? nullptr : of->timetable->partitioning();
    return found == nullptr ? std::string_view() : std::string_view(found->definition);
  };
  if (!dag.partitions.empty() && definition(dag.graph.get()) != definition(graph.get())) {
    for (const auto& [key, partition] : dag.partitions) changes_.dropped_partitions.push_back(partition.id);
    dag.partitions.clear();
  }
  dag.version_id = std::move(version_id);
  dag.bundle_version = bundle_versions_[dag_id];
  dag.graph = std::move(graph);
  assets_.put(dag_id, *dag.graph);
  changes_.watchers_may_differ = true;
  set_stale(dag_id, false, now);
  want_asset_run(dag);
  plan_next_run(dag, now);
  start_runs(dag, now);
}

void Scheduler::set_stale(const std::string& dag_id, bool stale, Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr || dag->stale == stale) return;
  dag->stale = stale;
  if (stale) assets_.remove(dag_id);
  gate_changed(*dag, now);
}

Result<void> Scheduler::set_paused(const std::string& dag_id, bool paused, Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr) return fail(ErrorCode::not_found, fmt::format("DAG '{}' not found", dag_id));
  if (dag->paused == paused) return {};
  dag->paused = paused;
  note(*dag);
  gate_changed(*dag, now);
  return {};
}

void Scheduler::gate_changed(DagEntry& dag, Time now) {
  changes_.watchers_may_differ = true;
  // A run that ends here may make room for new ones.
  std::vector<Run*> runs;
  for (const auto& [run_id, run] : dag.runs) runs.push_back(run.get());
  for (Run* run : runs) {
    for (std::uint32_t i = 0; i < run->tasks.size(); ++i) {
      const TaskRef ref{run, i};
      if (ref.ti().state != TaskState::scheduled) continue;
      unready(ref);
      make_ready(ref);
    }
    if (run->state == RunState::running) evaluate_all(*run, now);
  }
  want_asset_run(dag);
  plan_next_run(dag, now);
  start_runs(dag, now);
}

Result<void> Scheduler::delete_dag(const std::string& dag_id) {
  const auto found = dags_.find(dag_id);
  if (found == dags_.end()) return fail(ErrorCode::not_found, fmt::format("DAG '{}' not found", dag_id));
  DagEntry& dag = *found->second;
  for (const auto& [run_id, run] : dag.runs) {
    if (run->gate.active > 0) {
      return fail(ErrorCode::conflict, fmt::format("DAG '{}' has running task instances", dag_id));
    }
  }
  for (const auto& [run_id, run] : dag.runs) forget(*run);
  assets_.remove(dag_id);
  std::erase(changes_.dags, &dag);
  std::erase(changes_.asset_queues, &dag);
  std::erase(changes_.plans, &dag);
  std::erase_if(finished_, [&](const Run* run) { return run->dag == &dag; });
  changes_.deleted_dags.push_back(dag_id);
  changes_.watchers_may_differ = true;
  dead_dags_.push_back(std::move(found->second));
  dags_.erase(found);
  return {};
}

void Scheduler::plan_next_run(DagEntry& dag, Time now) {
  if (dag.graph->timetable->python() == nullptr) {
    return set_next_run(dag, dag.graph->timetable->next(dag.last_automated, dag.graph->restriction(), now));
  }
  if (!dag.stale && std::ranges::find(changes_.plans, &dag) == changes_.plans.end()) {
    changes_.plans.push_back(&dag);
  }
}

void Scheduler::next_run_known(const std::string& dag_id, const std::optional<dag::RunInfo>& last,
                               std::optional<dag::RunInfo> next, Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr || dag->graph->timetable->python() == nullptr || dag->last_automated != last) return;
  const bool is_known = next.has_value();
  set_next_run(*dag, std::move(next));
  if (!is_known) ask_again(*dag, now);
}

bool Scheduler::next_run_failed(const std::string& dag_id, const std::optional<dag::RunInfo>& last,
                                Time now) {
  DagEntry* dag = find_dag(dag_id);
  if (dag == nullptr || dag->graph->timetable->python() == nullptr || dag->last_automated != last)
    return false;
  ask_again(*dag, now);
  return true;
}

void Scheduler::ask_again(DagEntry& dag, Time now) {
  // As often as Airflow does: it parses a file twice a minute.
  constexpr std::chrono::seconds kAskAgain{30};
  if (std::exchange(dag.plan_is_armed, true)) return;
  arm({now + kAskAgain, Timer::Kind::plan, dag.dag_id, ""});
}

void Scheduler::set_next_run(DagEntry& dag, std::optional<dag::RunInfo> next) {
  const bool same = dag.next_run == next;
  dag.next_run = std::move(next);
  if (!same) note(dag);
  if (dag.next_run && dag.may_run() && !dag.creating) arm_next_run(dag);
}

void Scheduler::arm_next_run(DagEntry& dag) {
  const Time due = dag.next_run->run_after;
  if (dag.armed_next == due) return;
  dag.armed_next = due;
  arm({due, Timer::Kind::next_run, dag.dag_id, ""});
}

void Scheduler::create_due_runs(DagEntry& dag, Time now) {
  // Catching up over years of runs that end at once must not hold up everything else.
  constexpr int kMostAtOnce = 200;
  if (!makes_runs_ || dag.creating) return;
  dag.creating = true;
  int created = 0;
  const auto most = static_cast<std::size_t>(dag.graph->max_active_runs);
  while (dag.may_run() && dag.next_run && dag.next_run->run_after <= now &&
         dag.running + dag.queued.size() < most) {
    if (++created > kMostAtOnce) break;
    const dag::RunInfo info = *dag.next_run;
    NewRun request;
    request.type = RunType::scheduled;
    request.run_id = info.run_id.value_or(scheduled_run_id(info, make_id_(now)));
    request.triggered_by = "timetable";
    request.logical_date = info.logical_date();
    request.interval = info.interval;
    request.run_after = info.run_after;
    request.partition_key = info.partition_key;
    request.partition_date = info.partition_date;
    // A run of that id that is there already (triggered by hand) stands for this one.
    dag.last_automated = info;
    dag.next_run.reset();
    plan_next_run(dag, now);
    (void)create_run(dag.dag_id, std::move(request), now);
  }
  dag.creating = false;
  // One that is due but not created waits for a run to end; finish_if_over comes here again.
  if (!dag.next_run || !dag.may_run()) return;
  if (created > kMostAtOnce) arm({now + Duration{1}, Timer::Kind::next_run, dag.dag_id, ""});
  if (dag.next_run->run_after > now) arm_next_run(dag);
}

void Scheduler::tick(Time now) {
  while (!timers_.empty() && timers_.top().due <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    if (tick_trigger(timer, now)) continue;
    DagEntry* dag = find_dag(timer.dag_id);
    if (dag == nullptr) continue;
    switch (timer.kind) {
      case Timer::Kind::next_run:
        if (dag->armed_next == timer.due) dag->armed_next.reset();
        create_due_runs(*dag, now);
        break;
      case Timer::Kind::run_start:
        start_runs(*dag, now);
        break;
      case Timer::Kind::run_timeout:
        if (Run* run = find_run(timer.dag_id, timer.run_id)) time_out(*run, now);
        break;
      case Timer::Kind::recheck:
        if (Run* run = find_run(timer.dag_id, timer.run_id)) {
          run->recheck_is_due = false;
          if (run->state == RunState::running) evaluate_all(*run, now);
        }
        break;
      case Timer::Kind::asset_run:
        create_asset_run(*dag, now);
        break;
      case Timer::Kind::plan:
        dag->plan_is_armed = false;
        plan_next_run(*dag, now);
        break;
      case Timer::Kind::wake_up: {
        Run* run = find_run(timer.dag_id, timer.run_id);
        if (run == nullptr || timer.index >= run->tasks.size()) break;
        const TaskRef ref{run, timer.index};
        const TaskState state = ref.ti().state;
        const bool waits = state == TaskState::up_for_retry || state == TaskState::up_for_reschedule;
        if (!waits || ref.ti().id != timer.attempt) break;
        schedule(ref, now);
        break;
      }
      default:
        break;
    }
  }
}

std::optional<Time> Scheduler::next_due() const {
  return timers_.empty() ? std::nullopt : std::optional(timers_.top().due);
}

void Scheduler::note(DagEntry& dag) {
  if (dag.dirty) return;
  dag.dirty = true;
  changes_.dags.push_back(&dag);
}

}  // namespace leoflow::scheduler
