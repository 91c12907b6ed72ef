#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "engine/run_ids.hpp"
#include "engine/waiting.hpp"

// What people do to DAGs and runs.
namespace leoflow::engine {
namespace {

/// Errors: invalid, in Airflow's words.
Result<void> check_partition_key(const dag::Dag& graph, const std::optional<std::string>& key) {
  if (!key) return {};
  if (!graph.timetable->partitioned() && !graph.timetable->partitioned_at_runtime()) {
    return fail(
        ErrorCode::invalid,
        fmt::format("Dag '{}' is not a partitioned Dag and does not accept a partition_key.", graph.dag_id));
  }
  if (trim(*key).empty())
    return fail(ErrorCode::invalid, "partition_key must not be empty or whitespace-only.");
  return check_partition_length(*key);
}

/// The run's dates and name as Airflow infers them from what was given.
/// Errors: invalid (partition key).
Result<scheduler::NewRun> complete(const TriggerRun& command, const dag::Dag& graph, Time now) {
  scheduler::NewRun run;
  run.type = dag::parse_run_type(command.run_type).value_or(dag::RunType::manual);
  run.triggered_by = command.triggered_by;
  run.user = command.user;
  run.logical_date = command.logical_date;
  run.run_after = command.run_after.value_or(now);
  if (command.logical_date) {
    run.interval = command.data_interval_start && command.data_interval_end
                       ? dag::DataInterval{*command.data_interval_start, *command.data_interval_end}
                       : graph.timetable->manual_interval(*command.logical_date);
  }
  run.conf = json::serialize(command.conf);
  run.note = command.note;
  run.partition_key = command.partition_key;
  run.partition_date = command.partition_date;
  if (run.partition_key && !run.partition_date && graph.timetable->partitioned()) {
    const auto date = graph.timetable->partition_date(*run.partition_key);
    if (!date) return std::unexpected(date.error());
    run.partition_date = *date;
  }
  run.run_id =
      command.run_id.value_or(fmt::format("{}__{}{}", to_text(run.type), to_iso_offset(run.run_after),
                                          command.logical_date ? "" : "_" + random_hex(4)));
  return run;
}

/// Errors: conflict, if a stored run has the id or the logical date.
Result<void> check_free(Deciding& d, const std::string& dag_id, const scheduler::NewRun& run) {
  const store::Rows taken =
      d.session.query("SELECT run_id FROM dag_run WHERE dag_id = $1 AND (run_id = $2 OR logical_date = $3)",
                      {dag_id, run.run_id, run.logical_date});
  if (taken.empty()) return {};
  if (taken[0].text(0) == run.run_id) {
    return fail(ErrorCode::conflict, fmt::format("run '{}' of DAG '{}' exists already", run.run_id, dag_id));
  }
  return fail(ErrorCode::conflict, fmt::format("DAG '{}' has a run for the logical date {} already: '{}'",
                                               dag_id, to_iso_z(*run.logical_date), taken[0].text(0)));
}

}  // namespace

Result<std::string> Engine::trigger_run(TriggerRun command) {
  if (command.run_id) {
    if (auto good = check_run_id(*command.run_id); !good) return std::unexpected(good.error());
  }
  if (auto done = complete_with_python(command); !done) return std::unexpected(done.error());
  return call<std::string>([command = std::move(command)](Deciding& d) -> Result<std::string> {
    const scheduler::DagEntry* dag = d.scheduler.find_dag(command.dag_id);
    if (dag == nullptr || dag->stale) {
      return fail(ErrorCode::not_found, fmt::format("Dag with dag_id: '{}' not found", command.dag_id));
    }
    if (!dag->graph->allows(dag::parse_run_type(command.run_type).value_or(dag::RunType::manual))) {
      return fail(ErrorCode::invalid, fmt::format("Dag with dag_id '{}' does not allow {} runs",
                                                  command.dag_id, command.run_type));
    }
    if (auto fine = dag::check_params(dag->graph->params, command.conf); !fine) {
      return std::unexpected(fine.error());
    }
    if (auto fine = check_partition_key(*dag->graph, command.partition_key); !fine) {
      return std::unexpected(fine.error());
    }
    auto completed = complete(command, *dag->graph, d.now);
    if (!completed) return std::unexpected(completed.error());
    scheduler::NewRun& run = *completed;
    if (auto free = check_free(d, command.dag_id, run); !free) return std::unexpected(free.error());
    for (const auto& [run_id, other] : dag->runs) {
      // Created in this very pass, so not stored yet.
      if (run.logical_date && other->logical_date == run.logical_date) {
        return fail(ErrorCode::conflict,
                    fmt::format("DAG '{}' has a run for the logical date {} already: '{}'", command.dag_id,
                                to_iso_z(*run.logical_date), run_id));
      }
    }
    const auto created = d.scheduler.create_run(command.dag_id, std::move(run), d.now);
    if (!created) return std::unexpected(created.error());
    return (*created)->run_id;
  });
}

Result<void> Engine::mark_run(MarkRun command) {
  return call<void>([this, command = std::move(command)](Deciding& d) -> Result<void> {
    const auto state = dag::parse_run_state(command.state);
    if (!state || *state == dag::RunState::running) {
      return fail(ErrorCode::invalid, fmt::format("a run cannot be set to '{}'", command.state));
    }
    const auto run = load_run(d.scheduler, d.session, versions_, command.dag_id, command.run_id, d.now);
    if (!run) return std::unexpected(run.error());
    d.scheduler.mark_run(**run, *state, d.now);
    return {};
  });
}

Result<void> Engine::delete_run(std::string dag_id, std::string run_id) {
  return call<void>([this, dag_id, run_id](Deciding& d) -> Result<void> {
    const auto run = load_run(d.scheduler, d.session, versions_, dag_id, run_id, d.now);
    if (!run) return std::unexpected(run.error());
    return d.scheduler.delete_run(dag_id, run_id);
  });
}

Result<void> Engine::forget_partitions(std::string dag_id, std::vector<std::string> run_ids) {
  return call<void>(
      [dag_id, run_ids](Deciding& d) -> Result<void> {
        for (const std::string& run_id : run_ids) {
          scheduler::Run* run = d.scheduler.find_run(dag_id, run_id);
          if (run == nullptr) continue;
          run->partition_key.reset();
          run->partition_date.reset();
        }
        return {};
      },
      [this, dag_id, run_ids](store::Session& session) {
        std::vector<store::Params> rows;
        for (const std::string& run_id : run_ids) rows.push_back({dag_id, run_id, pass_time_});
        session.execute_many(
            "UPDATE dag_run SET partition_key = NULL, partition_date = NULL, updated_at = $3"
            " WHERE dag_id = $1 AND run_id = $2",
            rows);
      });
}

Result<void> Engine::set_paused(std::string dag_id, bool paused) {
  return call<void>([dag_id, paused](Deciding& d) -> Result<void> {
    return d.scheduler.set_paused(dag_id, paused, d.now);
  });
}

Result<void> Engine::delete_dag(std::string dag_id) {
  const auto place = std::make_shared<DagFiles::Place>();
  auto deleted = call<void>([this, dag_id, place](Deciding& d) -> Result<void> {
    *place = dag_files_.place_of(dag_id);
    if (auto done = d.scheduler.delete_dag(dag_id); !done) return done;
    dag_files_.forget(dag_id);
    return {};
  });
  // Its file is still there and makes the DAG anew, as in Airflow.
  if (deleted) on_reparse_(place->bundle_name, place->relative_fileloc);
  return deleted;
}

Result<void> Engine::reparse(std::string dag_id) {
  const auto place = std::make_shared<DagFiles::Place>();
  auto found = call<void>([this, dag_id, place](Deciding& d) -> Result<void> {
    if (d.scheduler.find_dag(dag_id) == nullptr) {
      return fail(ErrorCode::not_found, fmt::format("DAG '{}' not found", dag_id));
    }
    *place = dag_files_.place_of(dag_id);
    if (projects_.find(place->bundle_name, place->bundle_version.value_or("")) != nullptr) {
      return fail(ErrorCode::conflict,
                  fmt::format("DAG '{}' is of the project '{}', which was pushed: push another version of it",
                              dag_id, place->bundle_name));
    }
    return {};
  });
  if (found) on_reparse_(place->bundle_name, place->relative_fileloc);
  return found;
}

void Engine::put_file(ParsedFile file, std::function<void()> done) {
  const std::string bundle = file.bundle_name;
  const std::string relative_fileloc = file.relative_fileloc;
  // The decision gives the writing: it is kept where both parts see it.
  const auto writing = std::make_shared<std::function<void(store::Session&)>>();
  const auto kept = std::make_shared<ParsedFile>(std::move(file));
  Item item;
  item.decide = [this, kept, writing](Deciding& d) { *writing = dag_files_.put(d, std::move(*kept)); };
  item.record = [writing](store::Session& session) { (*writing)(session); };
  item.refused = [this, bundle, relative_fileloc, done] {
    refuse_file(bundle, relative_fileloc);
    if (done) done();
  };
  item.done = std::move(done);
  post(std::move(item));
}

void Engine::refuse_file(const std::string& bundle, const std::string& relative_fileloc) {
  Item item;
  item.decide = [this, bundle, relative_fileloc](Deciding& d) {
    for (const std::string& dag_id : dag_files_.dags_of(bundle, relative_fileloc))
      d.scheduler.set_stale(dag_id, true, d.now);
  };
  item.record = [this, bundle, relative_fileloc](store::Session& session) {
    write_import_error(session, bundle, relative_fileloc,
                       "The database refuses what this file defines; the server's log says why.", pass_time_);
  };
  post(std::move(item));
}

void Engine::remove_file(std::string bundle, std::string relative_fileloc) {
  const auto writing = std::make_shared<std::function<void(store::Session&)>>();
  Item item;
  item.decide = [this, bundle, relative_fileloc, writing](Deciding& d) {
    *writing = dag_files_.remove(d, bundle, relative_fileloc);
  };
  item.record = [writing](store::Session& session) { (*writing)(session); };
  post(std::move(item));
}

}  // namespace leoflow::engine
