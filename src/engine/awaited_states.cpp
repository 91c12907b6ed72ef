#include "engine/awaited_states.hpp"

#include <algorithm>

#include "engine/engine.hpp"

// Source: the standard provider's WorkflowTrigger and DagStateTrigger, which ask again and again instead.
namespace leoflow::engine {
namespace {

using StateNumbers = std::map<std::string, std::int64_t>;  ///< task instances by their state

struct FoundRun {
  std::string run_id;
  std::string state;
  StateNumbers tasks;  ///< of those that are waited for
};

std::vector<FoundRun> find_runs(const dag::StateTrigger& trigger, store::Session& session) {
  constexpr std::string_view kById = "SELECT run_id, state FROM dag_run WHERE dag_id = $1 AND run_id = $2";
  constexpr std::string_view kByDate =
      "SELECT run_id, state FROM dag_run WHERE dag_id = $1 AND logical_date = $2";
  std::vector<FoundRun> found;
  const auto add = [&](const store::Rows& rows) {
    for (const store::Row row : rows) found.push_back({row.text(0), row.text(1), {}});
  };
  for (const std::string& run_id : trigger.run_ids) add(session.query(kById, {trigger.dag_id, run_id}));
  if (!trigger.run_ids.empty()) return found;
  for (const Time date : trigger.logical_dates) add(session.query(kByDate, {trigger.dag_id, date}));
  return found;
}

void count_tasks(const dag::StateTrigger& trigger, const std::vector<std::string>& task_ids, FoundRun& run,
                 store::Session& session) {
  for (const std::string& task_id : task_ids) {
    for (const store::Row row : session.query(
             "SELECT COALESCE(state, ''), COUNT(*) FROM task_instance WHERE dag_id = $1 AND run_id = $2"
             " AND task_id = $3 GROUP BY state",
             {trigger.dag_id, run.run_id, task_id})) {
      run.tasks[row.text(0)] += row.integer(1);
    }
  }
}

std::vector<std::string> tasks_of(const dag::StateTrigger& trigger, const dag::Dag* graph) {
  if (!trigger.task_ids.empty()) return trigger.task_ids;
  std::vector<std::string> ids;
  if (graph == nullptr) return ids;
  if (const auto group = graph->groups.find(trigger.group_id); group != graph->groups.end()) {
    for (const dag::TaskIndex task : group->second) ids.push_back(graph->tasks[task].task_id);
  }
  return ids;
}

/// How many runs are in one of the states, as Airflow counts them.
std::size_t count(const dag::StateTrigger& trigger, const std::vector<FoundRun>& runs,
                  const std::vector<std::string>& states) {
  const auto is_in = [&](const std::string& state) {
    return std::ranges::find(states, state) != states.end();
  };
  if (!trigger.task_ids.empty()) {
    std::size_t tasks = 0;
    for (const FoundRun& run : runs) {
      for (const auto& [state, number] : run.tasks) {
        if (states.empty() || is_in(state)) tasks += static_cast<std::size_t>(number);
      }
    }
    return tasks / trigger.task_ids.size();
  }
  return static_cast<std::size_t>(std::ranges::count_if(runs, [&](const FoundRun& run) {
    if (trigger.group_id.empty()) return states.empty() || is_in(run.state);
    return !run.tasks.empty() &&
           std::ranges::all_of(run.tasks, [&](const auto& entry) { return is_in(entry.first); });
  }));
}

}  // namespace

void AwaitedStates::add(const Uuid& id, dag::StateTrigger trigger, std::string next_kwargs) {
  for (const std::string& run_id : trigger.run_ids) by_name_[{trigger.dag_id, run_id}].insert(id);
  for (const Time date : trigger.logical_dates) by_date_[{trigger.dag_id, date}].insert(id);
  waits_.insert_or_assign(id, Wait{std::move(trigger), std::move(next_kwargs)});
}

bool AwaitedStates::remove(const Uuid& id) {
  const auto found = waits_.find(id);
  if (found == waits_.end()) return false;
  const dag::StateTrigger& trigger = found->second.trigger;
  const auto drop = [&](auto& index, const auto& key) {
    const auto entry = index.find(key);
    if (entry == index.end()) return;
    entry->second.erase(id);
    if (entry->second.empty()) index.erase(entry);
  };
  for (const std::string& run_id : trigger.run_ids) drop(by_name_, RunName{trigger.dag_id, run_id});
  for (const Time date : trigger.logical_dates) drop(by_date_, RunDate{trigger.dag_id, date});
  waits_.erase(found);
  return true;
}

const AwaitedStates::Wait* AwaitedStates::find(const Uuid& id) const {
  const auto found = waits_.find(id);
  return found == waits_.end() ? nullptr : &found->second;
}

std::set<Uuid> AwaitedStates::concerned(const scheduler::Changes& changes) const {
  std::set<Uuid> out;
  if (waits_.empty()) return out;
  for (const scheduler::Run* run : changes.created) look_up(*run, out);
  for (const scheduler::Run* run : changes.runs) look_up(*run, out);
  const scheduler::Run* last = nullptr;
  for (const scheduler::TaskRef& ref : changes.tasks) {
    if (ref.run != last) look_up(*ref.run, out);
    last = ref.run;
  }
  return out;
}

void AwaitedStates::look_up(const scheduler::Run& run, std::set<Uuid>& out) const {
  const std::string& dag_id = run.dag->dag_id;
  if (const auto found = by_name_.find({dag_id, run.run_id}); found != by_name_.end()) {
    out.insert(found->second.begin(), found->second.end());
  }
  if (!run.logical_date) return;
  if (const auto found = by_date_.find({dag_id, *run.logical_date}); found != by_date_.end()) {
    out.insert(found->second.begin(), found->second.end());
  }
}

std::optional<json::value> event_of(const dag::StateTrigger& trigger, const dag::Dag* graph,
                                    store::Session& session) {
  std::vector<FoundRun> runs = find_runs(trigger, session);
  if (trigger.told_with) {
    if (count(trigger, runs, trigger.allowed) != trigger.runs()) return std::nullopt;
    json::object states;
    for (const FoundRun& run : runs) states[run.run_id] = run.state;
    return encode_run_states(trigger, states);
  }
  const std::vector<std::string> task_ids = tasks_of(trigger, graph);
  for (FoundRun& run : runs) count_tasks(trigger, task_ids, run, session);
  const auto ends = [](std::string_view status) { return json::object{{"status", status}}; };
  if (!trigger.failed.empty() && count(trigger, runs, trigger.failed) > 0) return ends("failed");
  if (!trigger.skipped.empty() && count(trigger, runs, trigger.skipped) > 0) return ends("skipped");
  if (count(trigger, runs, trigger.allowed) == trigger.runs()) return ends("success");
  return std::nullopt;
}

void Engine::await_states(const TriggerSpec& spec, dag::StateTrigger trigger) {
  awaited_states_.add(spec.id, std::move(trigger), spec.next_kwargs);
  fire_if_reached(spec.id);
}

void Engine::fire_if_reached(const Uuid& id) {
  const AwaitedStates::Wait* wait = awaited_states_.find(id);
  const scheduler::DagEntry* dag = scheduler_.find_dag(wait->trigger.dag_id);
  std::optional<json::value> event =
      event_of(wait->trigger, dag == nullptr ? nullptr : dag->graph.get(), reading_);
  if (!event) return;
  TriggerResult result;
  result.next_kwargs = dag::with_event(wait->next_kwargs, std::move(*event));
  awaited_states_.remove(id);
  trigger_fired(id, std::move(result), {});
}

}  // namespace leoflow::engine
