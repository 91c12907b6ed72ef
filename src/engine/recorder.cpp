#include "engine/recorder.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <string>

#include "dag/states.hpp"
#include "engine/assets.hpp"
#include "engine/backfills.hpp"
#include "engine/callbacks.hpp"
#include "engine/deferrals.hpp"
#include "engine/human_input.hpp"
#include "engine/partitions.hpp"
#include "engine/task_changes.hpp"
#include "engine/task_key.hpp"

namespace leoflow::engine {
namespace {

using scheduler::DagEntry;
using scheduler::PastTry;
using scheduler::Run;
using scheduler::TaskInstance;
using scheduler::TaskRef;
using store::Param;
using store::Params;

constexpr std::string_view kInsertRun =
    "INSERT INTO dag_run (dag_id, run_id, dag_version_id, state, run_type, triggered_by, "
    "triggering_user_name,"
    " logical_date, data_interval_start, data_interval_end, run_after, queued_at, start_date, end_date, "
    "conf, note,"
    " note_user, partition_key, clear_number, updated_at, backfill_id, backfill_ordinal, partition_date,"
    " bundle_version)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
    "$21, $22, $23, $24)";

// What the lists of DAGs say of a DAG's runs is found through these two.
constexpr std::string_view kLatestDatedRun =
    "latest_dated_run = (SELECT r.id FROM dag_run r WHERE r.dag_id = $1 AND r.logical_date IS NOT NULL"
    " ORDER BY r.logical_date DESC LIMIT 1)";
const std::string kPointAtNewRun = fmt::format(
    "UPDATE dag SET last_run = (SELECT r.id FROM dag_run r WHERE r.dag_id = $1 AND r.run_id = $2), {},"
    " task_instance_count = task_instance_count + $3 WHERE dag_id = $1",
    kLatestDatedRun);
const std::string kPointAtOldRun = fmt::format(
    "UPDATE dag SET last_run = (SELECT MAX(r.id) FROM dag_run r WHERE r.dag_id = $1), {} WHERE dag_id = $1",
    kLatestDatedRun);

// Before a run is deleted: its task instances go with it.
constexpr std::string_view kForgetTasks =
    "UPDATE dag SET task_instance_count = task_instance_count - (SELECT COUNT(*) FROM task_instance t"
    " WHERE t.dag_id = $1 AND t.run_id = $2) WHERE dag_id = $1";

constexpr std::string_view kInsertTask =
    "INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, try_number, max_tries, "
    "dag_version_id,"
    " task_display_name, operator, pool, pool_slots, queue, priority_weight, executor, scheduled_at, "
    "queued_at,"
    " start_date, end_date, map_length, updated_at, operator_name)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
    "$21, $22, $23)";

// The one instance of a task that was not expanded yet is its first one now.
constexpr std::string_view kMapFirst =
    "UPDATE task_instance SET map_index = 0 WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index "
    "= -1";

constexpr std::string_view kUpdateRun =
    "UPDATE dag_run SET state = $3, queued_at = $4, start_date = $5, end_date = $6, clear_number = $7,"
    " updated_at = $8, task_changes = task_changes + 1 WHERE dag_id = $1 AND run_id = $2";

constexpr std::string_view kUpdateTask =
    "UPDATE task_instance SET state = $5, try_number = $6, max_tries = $7, scheduled_at = $8, queued_at = $9,"
    " end_date = $10, retry_at = $11, updated_at = $12, reschedule_count = $13, first_start_date = $14,"
    " map_length = $15, priority_weight = $16, failed_starts = $17"
    " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";

// Apart from the others, for it costs an entry of an index: most changes leave it alone.
constexpr std::string_view kRestartTask =
    "UPDATE task_instance SET start_date = $5"
    " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";

// A new try starts with no traces of the one before. Apart for the same reason.
constexpr std::string_view kRenameTask =
    "UPDATE task_instance SET previous_id = id, id = $5, dag_version_id = $6, hostname = NULL, unixname = "
    "NULL, pid = NULL,"
    " exit_code = NULL, failure_reason = NULL, peak_memory_bytes = NULL, cpu_microseconds = NULL"
    " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";

constexpr std::string_view kArchiveTry =
    "INSERT INTO task_instance_history (id, dag_id, run_id, task_id, map_index, state, try_number, max_tries,"
    " dag_version_id, task_display_name, operator, pool, pool_slots, queue, priority_weight, executor, "
    "scheduled_at,"
    " queued_at, start_date, end_date, hostname, unixname, pid, exit_code, failure_reason, peak_memory_bytes,"
    " cpu_microseconds)"
    " SELECT $5, dag_id, run_id, task_id, map_index, $6, $7, $8, dag_version_id, task_display_name, "
    "operator, pool,"
    " pool_slots, queue, priority_weight, executor, $9, $10, $11, $12, hostname, unixname, pid, exit_code,"
    " failure_reason, peak_memory_bytes, cpu_microseconds"
    " FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4"
    " ON CONFLICT DO NOTHING";

// One that waits goes on later, as the same try under another name.
constexpr std::string_view kRenameWaitingTask =
    "UPDATE task_instance SET previous_id = id, id = $5, dag_version_id = $6"
    " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";

// What a try left behind is not the next one's.
constexpr std::string_view kDropXcoms =
    "DELETE FROM xcom WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";

constexpr std::string_view kDropDeferral =
    "DELETE FROM deferral WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";

constexpr std::string_view kUpdateDag =
    "UPDATE dag SET is_paused = $2, is_stale = $3, next_dagrun_logical_date = $4, "
    "next_dagrun_data_interval_start = $5,"
    " next_dagrun_data_interval_end = $6, next_dagrun_run_after = $7, next_dagrun_partition_key = $8,"
    " next_dagrun_partition_date = $9 WHERE dag_id = $1";

constexpr std::string_view kLogPause =
    "INSERT INTO event_log (created_at, event, owner, dag_id, extra) VALUES ($1, 'paused', 'scheduler', $2, "
    "$3)";

std::optional<std::string> state_text(dag::TaskState state) {
  if (state == dag::TaskState::none) return std::nullopt;
  return std::string(to_text(state));
}

std::optional<int> map_length(const TaskInstance& ti) {
  return ti.map_length == scheduler::kNotPushed ? std::nullopt : std::optional(int{ti.map_length});
}

Params run_row(const Run& run, Time now) {
  const auto start = run.interval ? std::optional(run.interval->start) : std::nullopt;
  const auto end = run.interval ? std::optional(run.interval->end) : std::nullopt;
  return {run.dag->dag_id,
          run.run_id,
          run.version_id,
          to_text(run.state),
          to_text(run.type),
          run.triggered_by,
          run.user,
          run.logical_date,
          start,
          end,
          run.run_after,
          run.queued_at,
          run.start_date,
          run.end_date,
          run.conf,
          run.note,
          run.note ? run.user : std::nullopt,
          run.partition_key,
          run.clear_number,
          now,
          run.backfill ? std::optional(run.backfill->id) : std::nullopt,
          run.backfill ? std::optional(run.backfill->ordinal) : std::nullopt,
          run.partition_date,
          run.bundle_version};
}

Params task_row(const Run& run, const TaskInstance& ti, Time now) {
  const dag::Task& task = run.task_of(ti);
  return {ti.id,
          run.dag->dag_id,
          run.run_id,
          task.task_id,
          int{ti.map_index},
          state_text(ti.state),
          int{ti.try_number},
          int{ti.max_tries},
          run.version_id,
          task.display_name,
          task.operator_class,
          task.pool,
          task.pool_slots,
          task.queue,
          weight_of(task, ti),
          task.executor,
          ti.scheduled_at,
          ti.queued_at,
          ti.start_date,
          ti.end_date,
          map_length(ti),
          now,
          task.operator_name};
}

/// Executes a statement for each of `count` rows; few of them are in memory at a time.
/// @param row_of gives the nth.
template <typename RowOf>
void execute_rows(store::Session& session, std::string_view sql, std::size_t count, RowOf row_of) {
  constexpr std::size_t kAtATime = 1024;
  std::vector<Params> rows;
  for (std::size_t first = 0; first < count; first += kAtATime) {
    rows.clear();
    for (std::size_t i = first; i < std::min(count, first + kAtATime); ++i) rows.push_back(row_of(i));
    session.execute_many(sql, rows);
  }
}

void insert_runs(store::Session& session, const std::vector<Run*>& runs, Time now) {
  for (const Run* run : runs) {
    session.execute(kInsertRun, run_row(*run, now));
    std::vector<std::uint32_t> there;  // the run's dates leave out the others
    for (std::uint32_t i = 0; i < run->tasks.size(); ++i) {
      if (run->tasks[i].state != dag::TaskState::removed) there.push_back(i);
    }
    session.execute(kPointAtNewRun, {run->dag->dag_id, run->run_id, static_cast<std::int64_t>(there.size())});
    execute_rows(session, kInsertTask, there.size(),
                 [&](std::size_t i) { return task_row(*run, run->tasks[there[i]], now); });
  }
}

/// Takes away what another version left under these map indexes.
/// @returns how many instances that were
std::int64_t make_room(store::Session& session, const scheduler::NewInstances& added) {
  const auto first = added.first_index();
  const Run& run = *added.run;
  if (!first || run.left_out.empty()) return 0;
  const Params place = {run.dag->dag_id, run.run_id, run.graph->tasks[added.task].task_id, *first};
  session.execute("DELETE FROM xcom WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index >= $4",
                  place);
  return session.execute(
      "DELETE FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index >= $4"
      " AND state = 'removed'",
      place);
}

/// The one instance that there was is the first of those that a task is mapped to.
void map_first(store::Session& session, const Run& run, scheduler::TaskIndex task) {
  const std::string& task_id = run.graph->tasks[task].task_id;
  // What it pushed as the only one would be read with what the others push.
  if (run.tasks[task].try_number > 0) session.execute(kDropXcoms, {run.dag->dag_id, run.run_id, task_id, -1});
  session.execute(kMapFirst, {run.dag->dag_id, run.run_id, task_id});
}

void insert_instances(store::Session& session, const std::vector<scheduler::NewInstances>& expanded,
                      Time now) {
  std::map<std::string_view, std::int64_t> counts;  // by DAG
  for (const scheduler::NewInstances& added : expanded) {
    const Run& run = *added.run;
    counts[run.dag->dag_id] -= make_room(session, added);
    if (added.was_unmapped) map_first(session, run, added.task);
    const std::size_t count = added.end - added.first;
    execute_rows(session, kInsertTask, count,
                 [&](std::size_t i) { return task_row(run, run.tasks[added.first + i], now); });
    counts[run.dag->dag_id] += static_cast<std::int64_t>(count);
  }
  for (const auto& [dag_id, count] : counts) {
    if (count != 0) count_new_tasks(session, dag_id, count);
  }
}

void archive_tries(store::Session& session, const std::vector<PastTry>& tries) {
  std::vector<Params> history;
  std::vector<Params> owners;
  for (const PastTry& past : tries) {
    history.push_back(key_and(past.where, past.id, state_text(past.state), past.try_number, past.max_tries,
                              past.scheduled_at, past.queued_at, past.start_date, past.end_date));
    owners.push_back(key_of(past.where));
  }
  session.execute_many(kArchiveTry, history);
  session.execute_many(kDropXcoms, owners);
  session.execute_many(kDropDeferral, owners);
}

void update_tasks(store::Session& session, const std::vector<TaskRef>& tasks, Time now) {
  std::vector<TaskRef> restarted;
  for (const TaskRef& ref : tasks) {
    const TaskInstance& ti = ref.ti();
    const bool waits = ti.state == dag::TaskState::deferred || ti.state == dag::TaskState::awaiting_input;
    if (ti.is_renamed)
      session.execute(waits ? kRenameWaitingTask : kRenameTask, key_and(ref, ti.id, ref.run->version_id));
    if (ti.is_restarted) restarted.push_back(ref);
  }
  execute_rows(session, kRestartTask, restarted.size(),
               [&](std::size_t i) { return key_and(restarted[i], restarted[i].ti().start_date); });
  execute_rows(session, kUpdateTask, tasks.size(), [&](std::size_t i) {
    const TaskInstance& ti = tasks[i].ti();
    return key_and(tasks[i], state_text(ti.state), int{ti.try_number}, int{ti.max_tries}, ti.scheduled_at,
                   ti.queued_at, ti.end_date, ti.retry_at, now, int{ti.reschedules}, ti.first_start,
                   map_length(ti), weight_of(tasks[i].task(), ti), int{ti.failed_starts});
  });
}

/// Those that are done keep the version that they ran with.
void write_move(store::Session& session, const scheduler::MovedRun& moved) {
  const Run& run = *moved.run;
  session.execute(
      "UPDATE dag_run SET dag_version_id = $3, bundle_version = $4 WHERE dag_id = $1 AND run_id = $2",
      {run.dag->dag_id, run.run_id, run.version_id, run.bundle_version});
  for (const auto& [task_id, map_index] : moved.vanished) {
    session.execute(
        "UPDATE task_instance SET state = 'removed' WHERE dag_id = $1 AND run_id = $2 AND task_id = $3"
        " AND map_index = $4",
        {run.dag->dag_id, run.run_id, task_id, map_index});
  }
}

void update_dag(store::Session& session, const DagEntry& dag) {
  std::optional<Time> start;
  std::optional<Time> end;
  std::optional<Time> after;
  std::optional<std::string> key;
  std::optional<Time> date;
  if (const auto& next = dag.next_run) {
    if (next->interval) start = next->interval->start;
    if (next->interval) end = next->interval->end;
    after = next->run_after;
    key = next->partition_key;
    date = next->partition_date;
  }
  session.execute(kUpdateDag, {dag.dag_id, dag.paused, dag.stale, start, start, end, after, key, date});
}

}  // namespace

void record(store::Session& session, const scheduler::Changes& changes, Time now) {
  for (const auto& [dag_id, run_id] : changes.deleted_runs) {
    session.execute(kForgetTasks, {dag_id, run_id});
    session.execute("DELETE FROM dag_run WHERE dag_id = $1 AND run_id = $2", {dag_id, run_id});
    session.execute(kPointAtOldRun, {dag_id});
  }
  for (const std::string& dag_id : changes.deleted_dags) {
    session.execute("DELETE FROM dag_run WHERE dag_id = $1", {dag_id});
    session.execute("DELETE FROM dag_warning WHERE dag_id = $1", {dag_id});
    session.execute("DELETE FROM dag WHERE dag_id = $1", {dag_id});
  }
  insert_runs(session, changes.created, now);
  insert_instances(session, changes.expanded, now);
  archive_tries(session, changes.past_tries);
  for (const Run* run : changes.runs) {
    session.execute(kUpdateRun, {run->dag->dag_id, run->run_id, to_text(run->state), run->queued_at,
                                 run->start_date, run->end_date, run->clear_number, now});
  }
  for (const scheduler::MovedRun& moved : changes.moved) write_move(session, moved);
  write_backfills(session, changes, now);
  for (const scheduler::Callback& callback : changes.callbacks) write_callback(session, callback, now);
  update_tasks(session, changes.tasks, now);
  count_task_changes(session, changes);
  for (const TaskRef& ref : changes.start) {
    // What it pushed before it let go of its slot is not there when it looks again.
    if (ref.ti().reschedules > 0 && !ref.ti().resumes) session.execute(kDropXcoms, key_of(ref));
  }
  for (const TaskRef& ref : changes.deferred) write_start_deferral(session, ref, now);
  for (const TaskRef& ref : changes.timed_out) write_trigger_timeout(session, ref);
  for (const TaskRef& ref : changes.overdue_inputs) write_answer(session, ref, now);
  for (const DagEntry* dag : changes.dags) update_dag(session, *dag);
  write_partition_runs(session, changes, now);
  for (const Run* run : changes.asset_runs) write_consumed_events(session, *run);
  for (const DagEntry* dag : changes.asset_queues) write_asset_queue(session, *dag);
  for (const std::string& dag_id : changes.paused_by_failures) {
    session.execute(kLogPause, {now, dag_id, "max_consecutive_failed_dag_runs runs in a row failed"});
  }
}

}  // namespace leoflow::engine
