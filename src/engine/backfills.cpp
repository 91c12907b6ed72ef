#include "engine/backfills.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "base/time_text.hpp"
#include "engine/waiting.hpp"

// Runs for a range of dates. Source: Airflow 3.3.2, airflow/models/backfill.py.
namespace leoflow::engine {
namespace {

/// One run that a backfill wants, and what is there already.
struct Wanted {
  dag::RunInfo info;
  std::optional<std::string> existing;  ///< a run that has ended and is to run again
};

/// The engine decides on all of them at once, and nobody else has a turn meanwhile.
constexpr std::size_t kMostRuns = 20'000;

constexpr std::string_view kInsert =
    "INSERT INTO backfill (id, dag_id, from_date, to_date, dag_run_conf, is_paused, reprocess_behavior,"
    " max_active_runs, triggering_user_name, created_at, completed_at, updated_at)"
    " VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, NULL, $9)";

/// Errors: not_found, invalid; in Airflow's words.
Result<void> check(const scheduler::DagEntry* dag, const CreateBackfill& command, Time now) {
  if (dag == nullptr || dag->stale) {
    return fail(ErrorCode::not_found, fmt::format("Could not find dag {}", command.dag_id));
  }
  if (!dag->graph->allows(dag::RunType::backfill)) {
    return fail(ErrorCode::invalid,
                fmt::format("Dag with dag_id: '{}' does not allow backfill runs", command.dag_id));
  }
  const auto refuse = [](std::string why) { return fail(ErrorCode::unprocessable, std::move(why)); };
  if (!dag->graph->timetable->periodic()) {
    return refuse(
        fmt::format("{} has a non-periodic schedule that does not support backfills", command.dag_id));
  }
  if (command.from_date > command.to_date) {
    return refuse(fmt::format("from_date ({}) must not be after to_date ({}).",
                              to_iso_offset(command.from_date), to_iso_offset(command.to_date)));
  }
  if (command.from_date >= now) return refuse("Backfill cannot be executed for future dates.");
  if (command.max_active_runs < 1) {
    return refuse(fmt::format("max_active_runs must be at least 1, not {}", command.max_active_runs));
  }
  if (command.conf) {
    auto fine = dag::check_params(dag->graph->params, *command.conf);
    if (!fine) return refuse(fine.error().message);
  }
  if (!dag->graph->depends_on_past) return {};
  if (command.run_backwards) {
    return refuse("Backfill cannot be run in reverse when the Dag has tasks where depends_on_past=True.");
  }
  if (command.reprocess_behavior == "none") {
    return refuse(
        "Dag has tasks for which depends_on_past=True. You must set reprocess behavior to reprocess "
        "completed or reprocess failed.");
  }
  return {};
}

/// @param asked  what Python said, if it was asked.
/// Errors: unprocessable (too many).
Result<std::vector<dag::RunInfo>> dates_of(const dag::Dag& graph, const CreateBackfill& command,
                                           const std::optional<std::vector<dag::RunInfo>>& asked, Time now) {
  std::vector<dag::RunInfo> out;
  if (asked) {
    out = *asked;
  } else if (graph.timetable->partitioned()) {
    out = graph.timetable->partitions_between(command.from_date, command.to_date, kMostRuns + 1);
  } else {
    const dag::Restriction restriction{command.from_date, command.to_date, true};
    std::optional<dag::RunInfo> last;
    while (out.size() <= kMostRuns && (last = graph.timetable->next(last, restriction, now))) {
      if (last->interval->end >= now) break;
      out.push_back(*last);
    }
  }
  if (out.size() > kMostRuns) {
    return fail(
        ErrorCode::unprocessable,
        fmt::format("Dag {} has more than {} runs in the range [{}, {}]: ask for a shorter one", graph.dag_id,
                    kMostRuns, to_iso_offset(command.from_date), to_iso_offset(command.to_date)));
  }
  std::erase_if(out, [&](const dag::RunInfo& info) { return info.interval && info.interval->end >= now; });
  if (command.run_backwards) std::ranges::reverse(out);
  return out;
}

bool runs_again(const CreateBackfill& command, const std::string& state) {
  if (command.reprocess_behavior == "completed") return state == "success" || state == "failed";
  return command.reprocess_behavior == "failed" && state == "failed";
}

struct Stored {
  std::string run_id;
  std::string state;
};
using ByDate = std::map<Time, Stored>;

/// The runs of a range. Of several with one date the one that began last counts.
/// @param date  logical_date or partition_date
ByDate stored_runs(Deciding& d, const std::string& dag_id, std::string_view date,
                   const std::vector<Time>& dates) {
  ByDate out;
  if (dates.empty()) return out;
  const auto [first, last] = std::ranges::minmax(dates);
  for (const store::Row row : d.session.query(
           fmt::format("SELECT {0}, run_id, state FROM dag_run WHERE dag_id = $1 AND {0} >= $2 AND {0} <= $3"
                       " ORDER BY COALESCE(start_date, run_after), id",
                       date),
           {dag_id, first, last})) {
    out[row.time(0)] = {row.text(1), row.text(2)};
  }
  return out;
}

std::string run_id_of(const dag::RunInfo& info) {
  return fmt::format("backfill__{}", to_iso_offset(info.run_after));
}

/// Takes out those whose id another run has, of another date: as in Airflow they are not made.
void leave_out_taken_ids(Deciding& d, const std::string& dag_id, std::vector<Wanted>& wanted) {
  std::set<std::string, std::less<>> taken;
  for (const store::Row row : d.session.query(
           "SELECT run_id FROM dag_run WHERE dag_id = $1 AND run_id LIKE 'backfill!_!_%' ESCAPE '!'",
           {dag_id})) {
    taken.emplace(row.text(0));
  }
  std::erase_if(wanted, [&](const Wanted& one) {
    return !one.existing && !one.info.partition_key && taken.contains(run_id_of(one.info));
  });
}

/// Runs that are there stay as they are, unless they are to run again; a partition then has a new one beside.
std::vector<Wanted> wanted_runs(Deciding& d, const scheduler::DagEntry& dag, const CreateBackfill& command,
                                const std::vector<dag::RunInfo>& dates) {
  std::vector<Time> logical;
  std::vector<Time> partitions;
  for (const dag::RunInfo& info : dates) {
    if (const auto date = info.logical_date()) {
      logical.push_back(*date);
    } else if (info.partition_date) {
      partitions.push_back(*info.partition_date);
    }
  }
  const ByDate by_date = stored_runs(d, dag.dag_id, "logical_date", logical);
  const ByDate by_partition = stored_runs(d, dag.dag_id, "partition_date", partitions);
  std::vector<Wanted> out;
  for (const dag::RunInfo& info : dates) {
    const auto date = info.logical_date();
    if (!date) {
      const auto there = info.partition_date ? by_partition.find(*info.partition_date) : by_partition.end();
      if (there == by_partition.end() || runs_again(command, there->second.state))
        out.push_back({info, std::nullopt});
      continue;
    }
    // What was created in this pass is in memory only.
    if (const auto known = dag.by_date.find(*date); known != dag.by_date.end()) {
      const scheduler::Run& run = *known->second;
      if (runs_again(command, std::string(to_text(run.state)))) out.push_back({info, run.run_id});
      continue;
    }
    const auto there = by_date.find(*date);
    if (there == by_date.end()) {
      out.push_back({info, std::nullopt});
    } else if (runs_again(command, there->second.state)) {
      out.push_back({info, there->second.run_id});
    }
  }
  leave_out_taken_ids(d, dag.dag_id, out);
  return out;
}

scheduler::NewRun run_of(const CreateBackfill& command, const dag::RunInfo& info,
                         scheduler::BackfillPlace place) {
  scheduler::NewRun run;
  run.type = dag::RunType::backfill;
  run.run_id = run_id_of(info);
  run.triggered_by = "backfill";
  run.user = command.user;
  run.logical_date = info.logical_date();
  run.interval = info.interval;
  run.partition_key = info.partition_key;
  run.partition_date = info.partition_date;
  if (info.partition_key) run.run_id += fmt::format("__{}__{}", *info.partition_key, random_hex(4));
  run.run_after = info.run_after;
  run.conf = command.conf ? json::serialize(*command.conf) : "{}";
  run.backfill = place;
  return run;
}

}  // namespace

Result<std::vector<dag::RunInfo>> Engine::plan_backfill(CreateBackfill command) {
  auto asked = runs_with_python(command);
  if (!asked) return std::unexpected(asked.error());
  return call<std::vector<dag::RunInfo>>([command = std::move(command), asked = std::move(*asked)](
                                             Deciding& d) -> Result<std::vector<dag::RunInfo>> {
    const scheduler::DagEntry* dag = d.scheduler.find_dag(command.dag_id);
    if (auto fine = check(dag, command, d.now); !fine) return std::unexpected(fine.error());
    const auto dates = dates_of(*dag->graph, command, asked, d.now);
    if (!dates) return std::unexpected(dates.error());
    std::vector<dag::RunInfo> planned;
    for (const Wanted& wanted : wanted_runs(d, *dag, command, *dates)) {
      planned.push_back(wanted.info);
    }
    return planned;
  });
}

Result<std::int64_t> Engine::create_backfill(CreateBackfill given) {
  const auto command = std::make_shared<const CreateBackfill>(std::move(given));
  const auto id = std::make_shared<std::int64_t>(0);
  auto asked = runs_with_python(*command);
  if (!asked) return std::unexpected(asked.error());
  const auto decide = [this, command, id, asked = std::move(*asked)](Deciding& d) -> Result<std::int64_t> {
    const scheduler::DagEntry* dag = d.scheduler.find_dag(command->dag_id);
    if (auto fine = check(dag, *command, d.now); !fine) return std::unexpected(fine.error());
    if (dag->backfill) {
      return fail(ErrorCode::conflict,
                  fmt::format("There is already a running backfill for dag {}", command->dag_id));
    }
    const auto dates = dates_of(*dag->graph, *command, asked, d.now);
    if (!dates) return std::unexpected(dates.error());
    if (dates->empty()) {
      return fail(ErrorCode::unprocessable,
                  fmt::format("No runs to create for Dag {} in the range [{}, {}]", command->dag_id,
                              to_iso_offset(command->from_date), to_iso_offset(command->to_date)));
    }
    // Two in one pass must not get the same.
    last_backfill_ =
        std::max(last_backfill_, d.session.query("SELECT COALESCE(MAX(id), 0) FROM backfill")[0].integer(0)) +
        1;
    *id = last_backfill_;
    const auto runs = wanted_runs(d, *dag, *command, *dates);
    d.scheduler.put_backfill(command->dag_id, {.id = *id, .max_active_runs = command->max_active_runs});
    std::int64_t ordinal = 0;
    for (const Wanted& wanted : runs) {
      scheduler::NewRun request = run_of(*command, wanted.info, {*id, ++ordinal});
      if (!wanted.existing) {
        (void)d.scheduler.create_run(command->dag_id, std::move(request), d.now);
        continue;
      }
      const auto run = load_run(d.scheduler, d.session, versions_, command->dag_id, *wanted.existing, d.now);
      if (!run) continue;
      if (!command->conf) request.conf = "";
      if (command->on_latest_version || !(*run)->bundle_version) d.scheduler.move_to_newest(**run, d.now);
      (void)d.scheduler.take_into_backfill(**run, request, d.now);
    }
    d.scheduler.complete_backfill(*d.scheduler.find_dag(command->dag_id));
    return *id;
  };
  return call<std::int64_t>(decide, [command, id, this](store::Session& session) {
    const auto conf = command->conf ? std::optional(json::serialize(*command->conf)) : std::nullopt;
    session.execute(kInsert,
                    {*id, command->dag_id, command->from_date, command->to_date, conf,
                     command->reprocess_behavior, command->max_active_runs, command->user, pass_time_});
  });
}

Result<void> Engine::change_backfill(std::int64_t id, BackfillChange change) {
  const auto decide = [id, change](Deciding& d) -> Result<void> {
    const store::Rows rows = d.session.query("SELECT dag_id FROM backfill WHERE id = $1", {id});
    if (rows.empty()) return fail(ErrorCode::not_found, "Backfill not found");
    const bool changed =
        change == BackfillChange::cancel
            ? d.scheduler.cancel_backfill(rows[0].text(0), id, d.now)
            : d.scheduler.pause_backfill(rows[0].text(0), id, change == BackfillChange::pause, d.now);
    // It may have been completed in this very pass.
    if (!changed) return fail(ErrorCode::conflict, "Backfill is already completed.");
    return {};
  };
  return call<void>(decide, [id, change, this](store::Session& session) {
    const bool cancelled = change == BackfillChange::cancel;
    session.execute(
        "UPDATE backfill SET is_paused = $2, completed_at = COALESCE($3, completed_at), updated_at = $4 "
        "WHERE id = $1",
        {id, change != BackfillChange::unpause, cancelled ? std::optional(pass_time_) : std::nullopt,
         pass_time_});
  });
}

void recover_backfills(scheduler::Scheduler& scheduler, store::Session& session) {
  for (const store::Row row : session.query(
           "SELECT dag_id, id, max_active_runs, is_paused FROM backfill WHERE completed_at IS NULL")) {
    scheduler.put_backfill(row.text(0), {.id = row.integer(1),
                                         .max_active_runs = static_cast<int>(row.integer(2)),
                                         .paused = row.boolean(3)});
  }
}

void write_backfills(store::Session& session, const scheduler::Changes& changes, Time now) {
  for (const scheduler::Run* run : changes.taken_into_backfill) {
    session.execute(
        "UPDATE dag_run SET run_type = 'backfill', triggered_by = $3, conf = $4, backfill_id = $5,"
        " backfill_ordinal = $6 WHERE dag_id = $1 AND run_id = $2",
        {run->dag->dag_id, run->run_id, run->triggered_by, run->conf, run->backfill->id,
         run->backfill->ordinal});
  }
  for (const std::int64_t id : changes.completed_backfills) {
    session.execute("UPDATE backfill SET completed_at = $2, updated_at = $2 WHERE id = $1", {id, now});
  }
}

}  // namespace leoflow::engine
