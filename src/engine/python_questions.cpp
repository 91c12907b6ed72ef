#include <fmt/format.h>
#include <future>
#include <semaphore>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "base/turn.hpp"
#include "engine/timetable_errors.hpp"
#include "engine/waiting.hpp"

// What timetables and partition mappers of the user's own say: an agent runs them in Python.
// The questions and answers are those of python/leoflow_worker/questions.py.
namespace leoflow::engine {
namespace {

json::value to_json(const std::optional<Time>& time) {
  return time ? json::value(to_iso_z(*time)) : json::value(nullptr);
}

std::optional<Time> find_moment(const json::value& object, std::string_view key) {
  const auto text = find_text(object, key);
  return text ? parse_iso(*text) : std::nullopt;
}

json::value to_json(const std::optional<dag::RunInfo>& run) {
  if (!run) return nullptr;
  const auto start = run->interval ? std::optional(run->interval->start) : std::nullopt;
  const auto end = run->interval ? std::optional(run->interval->end) : std::nullopt;
  return json::object{{"run_after", to_iso_z(run->run_after)},
                      {"start", to_json(start)},
                      {"end", to_json(end)},
                      {"partition_key", run->partition_key ? json::value(*run->partition_key) : nullptr},
                      {"partition_date", to_json(run->partition_date)}};
}

/// Nothing for null.
std::optional<dag::RunInfo> read_run(const json::value& told) {
  const auto run_after = find_moment(told, "run_after");
  if (!run_after) return std::nullopt;
  dag::RunInfo run{*run_after, std::nullopt, find_text(told, "partition_key"),
                   find_moment(told, "partition_date"), find_text(told, "run_id")};
  const auto start = find_moment(told, "start");
  const auto end = find_moment(told, "end");
  if (start && end) run.interval = dag::DataInterval{*start, *end};
  return run;
}

Result<std::vector<dag::MappedPartition>> read_mapped(const Result<std::string>& answer) {
  if (!answer) return std::unexpected(answer.error());
  const auto told = parse_json(*answer);
  if (!told || !told->is_array()) return fail(ErrorCode::invalid, "the partition mapper gave no keys");
  std::vector<dag::MappedPartition> out;
  for (const json::value& entry : told->get_array()) {
    dag::MappedPartition mapped{get_text(entry, "key"), get_bool(entry, "is_temporal", false),
                                find_moment(entry, "date"), std::nullopt};
    if (const json::value* needs = find(entry, "needs"); needs != nullptr && needs->is_object()) {
      mapped.needs.emplace();
      if (const json::value* keys = find(*needs, "keys"); keys != nullptr && keys->is_array()) {
        for (const json::value& key : keys->get_array()) {
          if (key.is_string()) mapped.needs->keys.emplace_back(key.get_string());
        }
      }
      if (const json::value* minimum = find(*needs, "minimum"); minimum != nullptr && minimum->is_int64()) {
        mapped.needs->minimum = static_cast<int>(minimum->get_int64());
      }
    }
    out.push_back(std::move(mapped));
  }
  return out;
}

/// Of those who wait for Python at once: while no agent answers there are threads for everybody else.
std::counting_semaphore<4> python_places(4);
/// While one answers, a place is free sooner.
constexpr std::chrono::seconds kPatienceForPlace{1};

}  // namespace

PythonQuestion Engine::question_about(const std::string& dag_id, const json::object& question) const {
  if (dag_id.empty()) return {projects_.newest_home(), "", "", json::serialize(question), {}};
  const DagFiles::Place place = dag_files_.place_of(dag_id);
  return {projects_.home_of(place), dag_id, place.relative_fileloc, json::serialize(question), {}};
}

void Engine::ask_next_run(const scheduler::DagEntry& dag) {
  const dag::Restriction restriction = dag.graph->restriction();
  const DagFiles::Place place = dag_files_.place_of(dag.dag_id);
  PythonQuestion question = question_about(dag.dag_id, {{"ask", "next_run"},
                                                        {"timetable", *dag.graph->timetable->python()},
                                                        {"last", to_json(dag.last_automated)},
                                                        {"earliest", to_json(restriction.earliest)},
                                                        {"latest", to_json(restriction.latest)},
                                                        {"catchup", restriction.catchup}});
  question.then = [this, dag_id = dag.dag_id, last = dag.last_automated,
                   place](const Result<std::string>& answer) {
    Item item;
    if (answer) {
      const auto told = parse_json(*answer);
      item.decide = [this, dag_id, last, place, next = told ? read_run(*told) : std::nullopt](Deciding& d) {
        d.scheduler.next_run_known(dag_id, last, next, d.now);
        timetable_worked(dag_id, place);
      };
    } else {
      item.decide = [this, dag_id, last, place, error = answer.error()](Deciding& d) {
        if (d.scheduler.next_run_failed(dag_id, last, d.now)) timetable_failed(dag_id, place, error);
      };
    }
    post(std::move(item));
  };
  runner_.ask(std::move(question));
}

void Engine::timetable_worked(const std::string& dag_id, const DagFiles::Place& place) {
  if (!working_timetables_.insert(dag_id).second) return;
  Item item;
  item.record = [place, dag_id](store::Session& session) { forget_timetable_error(session, place, dag_id); };
  post(std::move(item));
}

void Engine::timetable_failed(const std::string& dag_id, const DagFiles::Place& place, const Error& error) {
  log::error("the timetable of DAG '{}' failed, it is asked again in half a minute: {}", dag_id,
             error.message);
  // Nobody could be asked: the DAG's file is not to blame.
  if (error.code == ErrorCode::unavailable) return;
  working_timetables_.erase(dag_id);
  Item item;
  item.record = [this, place, dag_id, why = error.message](store::Session& session) {
    write_timetable_error(session, place, dag_id, why, pass_time_);
  };
  post(std::move(item));
}

void Engine::map_with_python(const std::vector<AssetEvent>& events) {
  for (const AssetEvent& event : events) {
    if (!event.effects.unmapped.empty()) return ask_unmapped();
  }
}

void Engine::ask_unmapped() {
  Item item;
  item.decide = [this](Deciding& d) {
    for (const store::Row row :
         d.session.query("SELECT u.event_id, u.dag_id, e.partition_key, a.name, a.uri FROM unmapped_event u"
                         " JOIN asset_event e ON e.id = u.event_id JOIN asset a ON a.id = e.asset_id ORDER "
                         "BY u.event_id")) {
      const std::pair asked(row.integer(0), row.text(1));
      const scheduler::DagEntry* dag = d.scheduler.find_dag(asked.second);
      if (dag == nullptr || !asked_events_.insert(asked).second) continue;
      const dag::Partitioning* partitioning = dag->graph->timetable->partitioning();
      const json::value* mapper =
          partitioning == nullptr ? nullptr : partitioning->mapper_of({row.text(3), row.text(4)}).python();
      PythonQuestion question =
          question_about(asked.second, {{"ask", "map_partition"},
                                        {"mapper", mapper == nullptr ? json::value(nullptr) : *mapper},
                                        {"key", row.text(2)}});
      question.then = [this, asked](const Result<std::string>& answer) {
        mapped_with_python(asked.first, asked.second, answer);
      };
      runner_.ask(std::move(question));
    }
  };
  post(std::move(item));
}

void Engine::mapped_with_python(std::int64_t event_id, const std::string& dag_id,
                                const Result<std::string>& answer) {
  struct State {
    PartitionEffects effects;
    ChangeSource source;
  };
  const auto state = std::make_shared<State>();
  Item item;
  item.decide = [this, state, event_id, dag_id, mapped = read_mapped(answer)](Deciding& d) {
    asked_events_.erase({event_id, dag_id});
    const store::Rows rows = d.session.query(
        "SELECT a.name, a.uri, e.partition_key, u.partition_date, e.source_dag_id, e.source_task_id,"
        " e.source_run_id FROM unmapped_event u JOIN asset_event e ON e.id = u.event_id"
        " JOIN asset a ON a.id = e.asset_id WHERE u.event_id = $1 AND u.dag_id = $2",
        {event_id, dag_id});
    if (rows.empty()) return;
    const store::Row row = rows[0];
    state->source = {row.find_text(4), row.find_text(5), row.find_text(6)};
    state->effects = announce_mapped(d.scheduler, dag_id, {row.text(0), row.text(1)}, row.text(2),
                                     row.find_time(3), mapped, d.now);
  };
  item.record = [this, state, event_id, dag_id](store::Session& session) {
    session.execute("DELETE FROM unmapped_event WHERE event_id = $1 AND dag_id = $2", {event_id, dag_id});
    write_partition_effects(session, state->effects, event_id, state->source, pass_time_);
  };
  post(std::move(item));
}

Result<json::value> Engine::ask_and_wait(const std::string& dag_id, json::object question) {
  const Turn turn(python_places, kPatienceForPlace);
  if (!turn.is_taken())
    return fail(ErrorCode::unavailable, "too many questions wait for Python at once; try again");
  // A little longer than the fleet gives to Python.
  constexpr std::chrono::seconds kPatience{25};
  struct State {
    std::promise<Result<std::string>> promise;
    Result<std::string> told = fail(ErrorCode::unavailable, "the engine does not run here now; try again");
    ~State() { promise.set_value(std::move(told)); }  // also when nobody is asked
  };
  auto state = std::make_shared<State>();
  auto answer = state->promise.get_future();
  Item item;
  item.decide = [this, dag_id, question = std::move(question), state = std::move(state)](Deciding&) {
    PythonQuestion asked = question_about(dag_id, question);
    asked.then = [state](Result<std::string> told) { state->told = std::move(told); };
    runner_.ask(std::move(asked));
  };
  post(std::move(item));
  if (answer.wait_for(kPatience) != std::future_status::ready) {
    return fail(ErrorCode::unavailable,
                dag_id.empty()
                    ? "no agent answered in time; try again"
                    : fmt::format("no agent evaluated the timetable of DAG '{}' in time; try again", dag_id));
  }
  const auto told = answer.get();
  if (!told) return std::unexpected(told.error());
  return parse_json(*told);
}

Result<json::value> Engine::ask_python(json::object question) {
  return ask_and_wait("", std::move(question));
}

void Engine::ask_python(json::object question, std::function<void(const Result<json::value>&)> then) {
  Item item;
  item.decide = [this, question = std::move(question), then](Deciding&) {
    PythonQuestion asked = question_about("", question);
    asked.then = [then](const Result<std::string>& told) {
      then(told ? parse_json(*told) : Result<json::value>(std::unexpected(told.error())));
    };
    runner_.ask(std::move(asked));
  };
  if (!post(std::move(item)))
    then(fail(ErrorCode::unavailable, "the engine does not run here now; try again"));
}

std::optional<json::value> Engine::python_timetable(const std::string& dag_id) {
  auto found = call<std::optional<json::value>>([dag_id](Deciding& d) -> Result<std::optional<json::value>> {
    const scheduler::DagEntry* dag = d.scheduler.find_dag(dag_id);
    const json::value* timetable = dag == nullptr ? nullptr : dag->graph->timetable->python();
    return timetable == nullptr ? std::optional<json::value>() : std::optional(*timetable);
  });
  return found ? std::move(*found) : std::nullopt;
}

Result<void> Engine::complete_with_python(TriggerRun& command) {
  const auto timetable = python_timetable(command.dag_id);
  if (!timetable) return {};
  const Time run_after = command.run_after.value_or(clock_.now());
  auto told = ask_and_wait(
      command.dag_id,
      {{"ask", "manual_run"},
       {"timetable", *timetable},
       {"run_type", command.run_type},
       {"logical_date", to_json(command.logical_date)},
       {"run_after", to_iso_z(run_after)},
       {"partition_key", command.partition_key ? json::value(*command.partition_key) : nullptr}});
  if (!told) return std::unexpected(told.error());
  if (!command.data_interval_start || !command.data_interval_end) {
    command.data_interval_start = find_moment(*told, "start");
    command.data_interval_end = find_moment(*told, "end");
  }
  if (!command.run_id) command.run_id = find_text(*told, "run_id");
  command.run_after = run_after;
  command.partition_date = find_moment(*told, "partition_date");
  return {};
}

Result<std::optional<std::vector<dag::RunInfo>>> Engine::runs_with_python(const CreateBackfill& command) {
  const auto timetable = python_timetable(command.dag_id);
  if (!timetable) return std::nullopt;
  const auto told = ask_and_wait(command.dag_id, {{"ask", "runs_between"},
                                                  {"timetable", *timetable},
                                                  {"earliest", to_iso_z(command.from_date)},
                                                  {"latest", to_iso_z(command.to_date)}});
  if (!told) return std::unexpected(told.error());
  std::vector<dag::RunInfo> out;
  if (told->is_array()) {
    for (const json::value& entry : told->get_array()) {
      if (auto run = read_run(entry)) out.push_back(std::move(*run));
    }
  }
  return out;
}

}  // namespace leoflow::engine
