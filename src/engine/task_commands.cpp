#include <fmt/format.h>
#include <map>

#include "base/log.hpp"
#include "engine/task_changes.hpp"
#include "engine/try_write.hpp"
#include "engine/waiting.hpp"

// What people do to task instances, and every other write.
namespace leoflow::engine {
namespace {

using Chosen = std::map<std::string, std::vector<std::pair<std::string, int>>>;

Chosen by_run(const std::vector<TaskKey>& keys) {
  Chosen out;
  for (const TaskKey& key : keys) out[key.run_id].emplace_back(key.task_id, key.map_index);
  return out;
}

/// Those that the run's version has: people also choose what is left of another one.
std::vector<std::pair<std::string, int>> of_its_version(const scheduler::Run& run,
                                                        std::vector<std::pair<std::string, int>> tasks) {
  std::erase_if(tasks, [&](const auto& task) { return run.left_out.contains(task); });
  return tasks;
}

/// What becomes of chosen instances that the run's version does not have.
enum class LeftOut { refused, ignored };

/// Loads every run first, so that one that is missing leaves all unchanged.
Result<std::vector<scheduler::Run*>> load_all(Deciding& d, Versions& versions, const std::string& dag_id,
                                              const Chosen& chosen, LeftOut left_out) {
  std::vector<scheduler::Run*> runs;
  for (const auto& [run_id, tasks] : chosen) {
    const auto run = load_run(d.scheduler, d.session, versions, dag_id, run_id, d.now);
    if (!run) return std::unexpected(run.error());
    const auto known = left_out == LeftOut::ignored ? of_its_version(**run, tasks) : tasks;
    if (const auto found = (*run)->find_all(known); !found) return std::unexpected(found.error());
    runs.push_back(*run);
  }
  return runs;
}

}  // namespace

Result<void> Engine::clear_tasks(ClearTasks given) {
  const auto command = std::make_shared<const ClearTasks>(std::move(given));
  const auto decide = [this, command](Deciding& d) -> Result<void> {
    Chosen chosen = by_run(command->tasks);
    for (const std::string& run_id : command->runs) chosen[run_id];
    const auto runs = load_all(d, versions_, command->dag_id, chosen, LeftOut::ignored);
    if (!runs) return std::unexpected(runs.error());
    for (scheduler::Run* run : *runs) {
      auto tasks = chosen.at(run->run_id);
      const bool wants_new_ones = tasks.empty();
      const bool moves = command->on_latest_version || !run->bundle_version;
      if (moves && d.scheduler.move_to_newest(*run, d.now)) {
        std::erase_if(tasks, [&](const auto& task) { return run->find(task.first, task.second) == nullptr; });
      } else if (wants_new_ones) {
        return fail(
            ErrorCode::conflict,
            fmt::format("run '{}' takes new tasks only while none of its tasks waits or runs", run->run_id));
      }
      auto done =
          d.scheduler.clear(*run, of_its_version(*run, std::move(tasks)), command->reset_run_state, d.now);
      if (!done) return done;
    }
    return {};
  };
  if (!command->note) return call<void>(decide);
  return call<void>(decide, [command](store::Session& session) {
    std::vector<store::Params> rows;
    for (const TaskKey& key : command->tasks) {
      rows.push_back({command->dag_id, key.run_id, key.task_id, key.map_index, command->note, command->user});
    }
    session.execute_many(
        "UPDATE task_instance SET note = $5, note_user = $6"
        " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4",
        rows);
    for (const auto& [run_id, tasks] : by_run(command->tasks))
      count_task_change(session, command->dag_id, run_id);
  });
}

Result<void> Engine::mark_tasks(MarkTasks command) {
  return call<void>([this, command = std::move(command)](Deciding& d) -> Result<void> {
    const auto state = dag::parse_task_state(command.state);
    const bool allowed = state == dag::TaskState::success || state == dag::TaskState::failed ||
                         state == dag::TaskState::skipped;
    if (!allowed) {
      return fail(ErrorCode::invalid, fmt::format("a task instance cannot be set to '{}'", command.state));
    }
    const Chosen chosen = by_run(command.tasks);
    const auto runs = load_all(d, versions_, command.dag_id, chosen, LeftOut::refused);
    if (!runs) return std::unexpected(runs.error());
    for (scheduler::Run* run : *runs) {
      if (auto done = d.scheduler.mark_tasks(*run, chosen.at(run->run_id), *state, d.now); !done) return done;
    }
    return {};
  });
}

Result<void> Engine::delete_task(std::string dag_id, TaskKey task) {
  return write([dag_id, task](store::Session& session) -> Result<void> {
    const store::Rows rows = session.query(
        "SELECT r.state FROM task_instance t JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id"
        " WHERE t.dag_id = $1 AND t.run_id = $2 AND t.task_id = $3 AND t.map_index = $4",
        {dag_id, task.run_id, task.task_id, task.map_index});
    if (rows.empty()) {
      return fail(ErrorCode::not_found,
                  fmt::format("task instance '{}' of run '{}' not found", task.task_id, task.run_id));
    }
    // The scheduler holds the instances of an unfinished run in memory.
    if (!is_finished(dag::parse_run_state(rows[0].text(0)).value())) {
      return fail(ErrorCode::conflict,
                  fmt::format("run '{}' is not finished; its task instances cannot be deleted", task.run_id));
    }
    session.execute(
        "DELETE FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4",
        {dag_id, task.run_id, task.task_id, task.map_index});
    count_task_change(session, dag_id, task.run_id);
    count_new_tasks(session, dag_id, -1);
    return {};
  });
}

Result<std::vector<scheduler::Blocker>> Engine::explain(std::string dag_id, TaskKey task) {
  using Blockers = std::vector<scheduler::Blocker>;
  return call<Blockers>([dag_id, task](Deciding& d) -> Result<Blockers> {
    if (scheduler::Run* run = d.scheduler.find_run(dag_id, task.run_id)) {
      const auto found = run->find_all({{task.task_id, task.map_index}});
      if (!found) return std::unexpected(found.error());
      return d.scheduler.explain(found->front());
    }
    // What runs and waits is in memory: this one has ended, or never was.
    const bool exists = !d.session
                             .query(
                                 "SELECT 1 FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND "
                                 "task_id = $3 AND map_index = $4",
                                 {dag_id, task.run_id, task.task_id, task.map_index})
                             .empty();
    if (exists) return Blockers{};
    return fail(ErrorCode::not_found,
                fmt::format("task instance '{}' of run '{}' not found", task.task_id, task.run_id));
  });
}

void Engine::pools_changed() {
  Item item;
  item.decide = [](Deciding& d) { load_pools(d.scheduler, d.session); };
  post(std::move(item));
}

Result<void> Engine::write(std::function<Result<void>(store::Session&)> work) {
  auto state = std::make_shared<Awaited<void>>();
  auto future = state->promise.get_future();
  Item item;
  item.record = [state, work = std::move(work)](store::Session& session) {
    state->answer = try_write(session, work);
  };
  item.done = [state = std::move(state)] {};
  post(std::move(item));
  return future.get();
}

void Engine::write_later(std::function<Result<void>(store::Session&)> work) {
  Item item;
  item.record = [work = std::move(work)](store::Session& session) {
    if (auto done = try_write(session, work); !done) log::error("a write failed: {}", done.error().message);
  };
  post(std::move(item));
}

}  // namespace leoflow::engine
