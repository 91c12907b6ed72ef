#include "engine/recovery.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.hpp"
#include "dag/read_serialized.hpp"
#include "engine/assets.hpp"
#include "engine/backfills.hpp"
#include "engine/deferrals.hpp"
#include "engine/stored_states.hpp"

namespace leoflow::engine {
namespace {

using scheduler::Run;
using scheduler::Scheduler;
using scheduler::TaskInstance;
using store::Reader;
using store::Row;

constexpr std::string_view kRunColumns =
    "SELECT dag_id, run_id, dag_version_id, state, run_type, triggered_by, triggering_user_name, "
    "logical_date,"
    " data_interval_start, data_interval_end, run_after, queued_at, start_date, end_date, conf, note, "
    "partition_key,"
    " clear_number, backfill_id, backfill_ordinal, partition_date, bundle_version FROM dag_run ";

struct StoredRun {
  std::string dag_id;
  Run run;
};

StoredRun read_run(Row row) {
  StoredRun out;
  std::string state;
  std::string type;
  std::optional<Time> start;
  std::optional<Time> end;
  std::optional<Time> queued_at;
  Run& run = out.run;
  Reader(row) >> out.dag_id >> run.run_id >> run.version_id >> state >> type >> run.triggered_by >>
      run.user >> run.logical_date >> start >> end >> run.run_after >> queued_at >> run.start_date >>
      run.end_date >> run.conf >> run.note >> run.partition_key >> run.clear_number;
  if (!row.is_null(18)) run.backfill = scheduler::BackfillPlace{row.integer(18), row.integer(19)};
  run.partition_date = row.find_time(20);
  run.bundle_version = row.find_text(21);
  run.state = dag::parse_run_state(state).value();
  run.type = dag::parse_run_type(type).value();
  run.queued_at = queued_at.value_or(run.run_after);
  if (start && end) run.interval = dag::DataInterval{*start, *end};
  return out;
}

void read_instance(Row row, TaskInstance& ti) {
  ti.id = row.uuid(0);
  ti.map_index = static_cast<std::int32_t>(row.integer(2));
  ti.state = stored_task_state(row, 3);
  ti.try_number = static_cast<std::uint16_t>(row.integer(4));
  ti.max_tries = static_cast<std::uint16_t>(row.integer(5));
  ti.scheduled_at = row.find_time(6);
  ti.queued_at = row.find_time(7);
  ti.start_date = row.find_time(8);
  ti.end_date = row.find_time(9);
  ti.retry_at = row.find_time(10);
  ti.reschedules = static_cast<std::uint16_t>(row.integer(11));
  ti.first_start = row.find_time(12);
  if (!row.is_null(13)) ti.map_length = static_cast<std::int32_t>(row.integer(13));
  ti.failed_starts = static_cast<std::uint8_t>(row.integer(14));
}

TaskInstance instance_of(Row row) {
  TaskInstance out;
  read_instance(row, out);
  return out;
}

/// Reads the run's task instances into their places in the graph. One that the
/// graph does not know, or not in this form, is left out; one that is missing counts as removed.
void read_tasks(store::Session& session, const std::string& dag_id, Run& run) {
  run.fill();
  for (TaskInstance& ti : run.tasks) ti.state = dag::TaskState::removed;
  const store::Rows rows = session.query(
      "SELECT id, task_id, map_index, state, try_number, max_tries, scheduled_at, queued_at, start_date, "
      "end_date,"
      " retry_at, reschedule_count, first_start_date, map_length, failed_starts FROM task_instance"
      " WHERE dag_id = $1 AND run_id = $2 ORDER BY map_index",
      {dag_id, run.run_id});
  std::vector<std::int64_t> counts(run.graph->tasks.size());
  std::vector<bool> has_unmapped(run.graph->tasks.size());
  for (const Row row : rows) {
    const auto task = run.graph->find_task(row.text(1));
    const std::int64_t map_index = row.integer(2);
    const std::pair name(row.text(1), static_cast<int>(map_index));
    if (!task) {
      run.left_out.emplace(name, instance_of(row));
      continue;
    }
    // Some version had it mapped and another had not: those of the other were removed.
    if (map_index >= 0 && has_unmapped[*task]) {
      if (run.tasks[*task].state != dag::TaskState::removed) {
        run.left_out.emplace(name, instance_of(row));
        continue;
      }
      run.left_out.emplace(std::pair(name.first, -1), run.tasks[*task]);
      run.tasks[*task] = {.task = *task, .state = dag::TaskState::removed};
      has_unmapped[*task] = false;
    }
    if (map_index < 0) has_unmapped[*task] = true;
    if (map_index <= 0) {
      read_instance(row, run.tasks[*task]);
      counts[*task] = map_index + 1;
      continue;
    }
    for (std::int64_t& next = counts[*task]; next <= map_index; ++next) {
      TaskInstance& ti = next == 0 ? run.tasks[*task] : run.tasks.emplace_back();
      ti.task = *task;
      ti.map_index = static_cast<std::int32_t>(next);
      ti.state = dag::TaskState::removed;
      if (next == map_index) read_instance(row, ti);
    }
  }
}

/// What the branches of the run decided.
void read_skips(store::Session& session, const std::string& dag_id, Run& run) {
  const bool has_branches =
      std::ranges::any_of(run.graph->tasks, [](const dag::Task& task) { return task.can_skip_downstream; });
  if (!has_branches) return;
  run.index();
  const store::Rows rows = session.query(
      "SELECT task_id, map_index, value FROM xcom WHERE dag_id = $1 AND run_id = $2 AND key = $3",
      {dag_id, run.run_id, std::string(scheduler::kSkipKey)});
  for (const Row row : rows) {
    const TaskInstance* ti = run.find(row.text(0), static_cast<int>(row.integer(1)));
    const auto value = parse_json(row.text(2));
    const auto decision = value ? scheduler::read_skips(*value) : std::nullopt;
    if (ti != nullptr && decision) run.skips[run.ref_to(*ti).index] = *decision;
  }
}

/// The whole of a stored run. False if its version cannot be read.
bool complete(store::Session& session, Versions& versions, StoredRun& stored) {
  stored.run.graph = versions.get(session, stored.run.version_id);
  if (stored.run.graph == nullptr) return false;
  read_tasks(session, stored.dag_id, stored.run);
  read_skips(session, stored.dag_id, stored.run);
  return true;
}

void remember_runs(Scheduler& scheduler, store::Session& session, const std::string& dag_id, int count) {
  const store::Rows runs = session.query(
      "SELECT run_id, run_after, state FROM dag_run WHERE dag_id = $1 AND state IN ('success', 'failed')"
      " ORDER BY run_after DESC, id DESC LIMIT $2",
      {dag_id, count});
  for (const Row row : runs) {
    scheduler.remember_run(dag_id, row.text(0), row.time(1), dag::parse_run_state(row.text(2)).value());
  }
}

void recover_dags(Scheduler& scheduler, store::Session& session, Versions& versions, Time now) {
  const store::Rows dags = session.query(
      "SELECT d.dag_id, d.current_version_id, d.is_paused, d.is_stale, r.data_interval_start, "
      "r.data_interval_end, r.run_after, r.partition_key, r.partition_date, r.run_id, v.bundle_version"
      " FROM dag d LEFT JOIN dag_version v ON v.id = d.current_version_id LEFT JOIN dag_run r ON r.id ="
      "  (SELECT x.id FROM dag_run x WHERE x.dag_id = d.dag_id AND x.run_type = 'scheduled'"
      "   ORDER BY x.run_after DESC, x.id DESC LIMIT 1)");
  for (const Row row : dags) {
    const std::string& dag_id = row.text(0);
    auto graph = versions.get(session, row.text(1));
    if (graph == nullptr) {
      log::error("DAG '{}' cannot be read from the store; it waits until its file is parsed again", dag_id);
      continue;
    }
    std::optional<dag::RunInfo> last;
    if (!row.is_null(6)) {
      last = dag::RunInfo{row.time(6), std::nullopt, row.find_text(7), row.find_time(8), row.find_text(9)};
      if (!row.is_null(4) && !row.is_null(5)) last->interval = dag::DataInterval{row.time(4), row.time(5)};
    }
    scheduler.set_bundle_version(dag_id, graph->disable_bundle_versioning ? std::nullopt : row.find_text(10));
    const int failures = graph->max_consecutive_failed_dag_runs;
    scheduler.put_dag(dag_id, row.text(1), std::move(graph), row.boolean(2), std::move(last), now);
    if (failures > 0) remember_runs(scheduler, session, dag_id, failures);
    if (row.boolean(3)) scheduler.set_stale(dag_id, true, now);
  }
}

}  // namespace

std::shared_ptr<const dag::Dag> Versions::get(store::Session& session, const std::string& version_id) {
  if (auto graph = known_[version_id].lock()) return graph;
  const store::Rows rows = session.query("SELECT serialized FROM dag_version WHERE id = $1", {version_id});
  if (rows.empty()) return nullptr;
  const auto parsed = parse_json(rows[0].text(0));
  if (!parsed) return nullptr;
  auto graph = dag::read_serialized(*parsed);
  if (!graph) return nullptr;
  put(version_id, *graph);
  return *graph;
}

void Versions::put(const std::string& version_id, std::shared_ptr<const dag::Dag> graph) {
  known_[version_id] = std::move(graph);
}

void load_pools(Scheduler& scheduler, store::Session& session) {
  scheduler.close_pools();
  for (const Row row : session.query("SELECT name, slots, include_deferred FROM pool")) {
    scheduler.put_pool(row.text(0), static_cast<int>(row.integer(1)), row.boolean(2));
  }
}

void recover(Scheduler& scheduler, store::Session& session, Versions& versions, Time now) {
  load_pools(scheduler, session);
  recover_dags(scheduler, session, versions, now);
  load_assets(scheduler, session);
  load_partitions(scheduler, session);
  recover_backfills(scheduler, session);
  const store::Rows runs =
      session.query(std::string(kRunColumns) + "WHERE state IN ('queued', 'running') ORDER BY run_after, id");
  for (const Row row : runs) {
    StoredRun stored = read_run(row);
    if (!complete(session, versions, stored)) {
      log::error("run '{}' of DAG '{}' has a version that cannot be read; it is left as it is",
                 stored.run.run_id, stored.dag_id);
      continue;
    }
    Run* run = scheduler.adopt_run(stored.dag_id, std::move(stored.run), now);
    if (run != nullptr) restore_deferrals(scheduler, session, *run);
  }
}

Result<scheduler::Run*> load_run(Scheduler& scheduler, store::Session& session, Versions& versions,
                                 const std::string& dag_id, const std::string& run_id, Time now) {
  if (Run* run = scheduler.find_run(dag_id, run_id)) return run;
  const store::Rows rows =
      session.query(std::string(kRunColumns) + "WHERE dag_id = $1 AND run_id = $2", {dag_id, run_id});
  if (rows.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("The DagRun with dag_id: `{}` and run_id: `{}` was not found", dag_id, run_id));
  }
  StoredRun stored = read_run(rows[0]);
  if (!complete(session, versions, stored)) {
    return fail(ErrorCode::unavailable, fmt::format("the DAG version of run '{}' cannot be read", run_id));
  }
  Run* run = scheduler.adopt_run(dag_id, std::move(stored.run), now);
  if (run == nullptr) return fail(ErrorCode::not_found, fmt::format("DAG '{}' not found", dag_id));
  restore_deferrals(scheduler, session, *run);
  return run;
}

}  // namespace leoflow::engine
