#include "engine/deadlines.hpp"

#include <charconv>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "engine/engine.hpp"

// Source: Airflow 3.3.2, SerializedDAG._process_dagrun_deadline_alerts, Deadline.handle_miss and
// Deadline.prune_deadlines.
namespace leoflow::engine {
namespace {

using Reference = dag::DeadlineAlert::Reference;

constexpr std::string_view kMissed =
    "SELECT d.id, d.deadline_time, d.dag_id, d.run_id, d.callback FROM deadline d WHERE ";

/// The seconds that a variable has. Variables of a secrets backend are the tasks' only.
std::optional<Duration> interval_of(store::Session& session, const dag::DeadlineAlert& alert,
                                    const VariableReader& variables) {
  if (alert.interval) return alert.interval;
  const std::string text = variables ? variables(session, alert.interval_variable).value_or("") : "";
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    log::error("VariableInterval '{}' must be an integer (seconds); the deadline is left out",
               alert.interval_variable);
    return std::nullopt;
  }
  return std::chrono::seconds{seconds};
}

std::optional<Duration> average_runtime(store::Session& session, const dag::DeadlineAlert& alert,
                                        const std::string& dag_id) {
  const store::Rows rows = session.query(
      "SELECT end_date - start_date FROM dag_run WHERE dag_id = $1 AND state = 'success'"
      " AND start_date IS NOT NULL AND end_date IS NOT NULL"
      " ORDER BY COALESCE(logical_date, run_after) DESC, id DESC LIMIT $2",
      {dag_id, alert.max_runs});
  if (rows.empty() || std::cmp_less(rows.size(), alert.min_runs)) return std::nullopt;
  std::int64_t sum = 0;
  for (const store::Row row : rows) sum += row.integer(0);
  return Duration{sum / static_cast<std::int64_t>(rows.size())};
}

std::optional<Time> time_of(store::Session& session, const dag::DeadlineAlert& alert,
                            const scheduler::Run& run, const VariableReader& variables, Time now) {
  std::optional<Time> reference;
  switch (alert.reference) {
    case Reference::fixed:
      reference = alert.fixed;
      break;
    case Reference::logical_date:
      reference = run.logical_date;
      break;
    case Reference::queued_at:
      reference = run.queued_at;
      break;
    case Reference::average_runtime:
      if (const auto average = average_runtime(session, alert, run.dag->dag_id)) reference = now + *average;
      break;
  }
  const auto interval = reference ? interval_of(session, alert, variables) : std::nullopt;
  return interval ? std::optional(*reference + *interval) : std::nullopt;
}

std::vector<MissedDeadline> read_missed(const store::Rows& rows) {
  std::vector<MissedDeadline> out;
  for (const store::Row row : rows) {
    out.push_back({row.uuid(0), row.time(1), row.text(2), row.text(3), row.text(4)});
  }
  return out;
}

}  // namespace

void write_deadline_alerts(store::Session& session, const std::string& version_id, const dag::Dag& dag,
                           Time now) {
  session.execute("DELETE FROM deadline_alert WHERE dag_version_id = $1", {version_id});
  int ordinal = 0;
  for (const dag::DeadlineAlert& alert : dag.deadlines) {
    const auto interval = alert.interval ? std::optional(alert.interval->count()) : std::nullopt;
    session.execute(
        "INSERT INTO deadline_alert (id, dag_version_id, ordinal, name, reference_type, "
        "interval_microseconds,"
        " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {new_uuid(now), version_id, ordinal++, alert.name, alert.reference_type, interval, now});
  }
}

bool write_deadlines(store::Session& session, const scheduler::Changes& changes,
                     const VariableReader& variables, Time now) {
  bool has_some = false;
  for (const scheduler::Run* run : changes.created) {
    int ordinal = -1;
    for (const dag::DeadlineAlert& alert : run->graph->deadlines) {
      ++ordinal;
      const auto time = time_of(session, alert, *run, variables, now);
      if (!time) continue;
      has_some = true;
      session.execute(
          "INSERT INTO deadline (id, dag_id, run_id, alert_id, deadline_time, callback, missed, is_done,"
          " created_at, updated_at) VALUES ($1, $2, $3, (SELECT id FROM deadline_alert WHERE dag_version_id "
          "= $4"
          " AND ordinal = $5), $6, $7, 0, 0, $8, $8)",
          {new_uuid(now), run->dag->dag_id, run->run_id, run->version_id, ordinal, *time,
           json::serialize(alert.callback), now});
    }
  }
  for (const scheduler::Run* run : changes.runs) {
    if (run->graph->deadlines.empty() || run->state != dag::RunState::queued) continue;
    // It was cleared: what counts from when it was queued counts from now.
    has_some = true;
    for (const dag::DeadlineAlert& alert : run->graph->deadlines) {
      const auto time = alert.reference == Reference::queued_at
                            ? time_of(session, alert, *run, variables, now)
                            : std::nullopt;
      if (!time) continue;
      session.execute(
          "UPDATE deadline SET deadline_time = $3, updated_at = $4 WHERE dag_id = $1 AND run_id = $2 AND "
          "missed = 0"
          " AND alert_id = (SELECT id FROM deadline_alert WHERE dag_version_id = $5 AND ordinal = $6)",
          {run->dag->dag_id, run->run_id, *time, now, run->version_id,
           static_cast<int>(&alert - run->graph->deadlines.data())});
    }
  }
  // One that ends as soon as it is created is only among those.
  for (const auto* runs : {&changes.created, &changes.runs}) {
    for (const scheduler::Run* run : *runs) {
      if (run->graph->deadlines.empty() || run->state != dag::RunState::success || !run->end_date) continue;
      has_some = true;
      session.execute(
          "DELETE FROM deadline WHERE dag_id = $1 AND run_id = $2 AND missed = 0 AND deadline_time >= $3",
          {run->dag->dag_id, run->run_id, run->end_date});
    }
  }
  return has_some;
}

std::optional<Time> next_deadline(store::Session& session) {
  return session.query("SELECT MIN(deadline_time) FROM deadline WHERE missed = 0")[0].find_time(0);
}

std::vector<MissedDeadline> due_deadlines(store::Session& session, Time now) {
  constexpr int kAtATime = 1000;
  return read_missed(session.query(std::string(kMissed) + "d.missed = 0 AND d.deadline_time <= $1"
                                                          " ORDER BY d.deadline_time LIMIT $2",
                                   {now, kAtATime}));
}

std::vector<MissedDeadline> unfinished_deadlines(store::Session& session) {
  return read_missed(session.query(std::string(kMissed) + "d.missed = 1 AND d.is_done = 0"));
}

json::object deadline_context(store::Session& session, const MissedDeadline& missed) {
  const store::Rows rows = session.query(
      "SELECT r.logical_date, r.queued_at, r.start_date, r.end_date, r.data_interval_start, "
      "r.data_interval_end,"
      " r.run_after, r.run_type, r.state, r.triggered_by, r.triggering_user_name, r.conf, r.note,"
      " d.dag_display_name, r.partition_key, r.partition_date FROM dag_run r JOIN dag d ON d.dag_id = "
      "r.dag_id"
      " WHERE r.dag_id = $1 AND r.run_id = $2",
      {missed.dag_id, missed.run_id});
  json::object run{{"dag_id", missed.dag_id}, {"dag_run_id", missed.run_id}};
  if (!rows.empty()) {
    const store::Row row = rows[0];
    const auto time = [&](std::size_t i) {
      const auto found = row.find_time(i);
      return found ? json::value(to_iso_z(*found)) : json::value(nullptr);
    };
    const auto text = [&](std::size_t i) {
      const auto found = row.find_text(i);
      return found ? json::value(*found) : json::value(nullptr);
    };
    int i = 0;
    for (const char* name : {"logical_date", "queued_at", "start_date", "end_date", "data_interval_start",
                             "data_interval_end", "run_after"}) {
      run[name] = time(static_cast<std::size_t>(i++));
    }
    for (const char* name : {"run_type", "state", "triggered_by", "triggering_user_name"}) {
      run[name] = text(static_cast<std::size_t>(i++));
    }
    run["conf"] = parse_json(row.find_text(11).value_or("{}")).value_or(json::object());
    run["note"] = text(12);
    run["dag_display_name"] = text(13);
    run["partition_key"] = text(14);
    run["partition_date"] = time(15);
  }
  return {{"dag_run", std::move(run)},
          {"deadline", json::object{{"id", missed.id.text()}, {"deadline_time", to_iso_z(missed.time)}}}};
}

void Engine::add_missed_deadlines(std::vector<Item>& batch, Time now) {
  if (!next_deadline_ || *next_deadline_ > now) return;
  const auto missed = std::make_shared<std::vector<MissedDeadline>>();
  Item item;
  item.decide = [missed](Deciding& d) { *missed = due_deadlines(d.session, d.now); };
  item.record = [missed, now](store::Session& session) {
    for (const MissedDeadline& one : *missed) {
      session.execute("UPDATE deadline SET missed = 1, updated_at = $2 WHERE id = $1", {one.id, now});
    }
  };
  item.done = [this, missed] {
    for (const MissedDeadline& one : *missed) run_deadline_callback(one);
    next_deadline_ = next_deadline(reading_);
  };
  batch.push_back(std::move(item));
}

void Engine::run_deadline_callback(const MissedDeadline& missed) {
  json::object question{{"ask", "deadline_callback"},
                        {"callback", parse_json(missed.callback).value_or(nullptr)}};
  std::optional<std::string> version;
  question["context"] = deadline_context(reading_, missed);
  const store::Rows rows = reading_.query(
      "SELECT bundle_version FROM dag_run WHERE dag_id = $1 AND run_id = $2", {missed.dag_id, missed.run_id});
  if (!rows.empty()) version = rows[0].find_text(0);
  const DagFiles::Place place = dag_files_.place_of(missed.dag_id, version);
  question["bundle_path"] = place.bundle_path;
  question["relative_fileloc"] = place.relative_fileloc;
  PythonQuestion asked{
      projects_.home_of(place), missed.dag_id, place.relative_fileloc, json::serialize(question), {}};
  asked.then = [this, id = missed.id, dag_id = missed.dag_id](const Result<std::string>& answer) {
    if (!answer)
      log::error("the callback of a deadline of DAG '{}' failed: {}", dag_id, answer.error().message);
    Item item;
    item.record = [id](store::Session& session) {
      session.execute("UPDATE deadline SET is_done = 1 WHERE id = $1", {id});
    };
    post(std::move(item));
  };
  runner_.ask(std::move(asked));
}

}  // namespace leoflow::engine
