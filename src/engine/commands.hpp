#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "dag/artifact.hpp"
#include "dag/assets.hpp"
#include "dag/timetable.hpp"
#include "scheduler/blocker.hpp"
#include "store/sql.hpp"

/// What callers outside the engine may ask of it. Each call waits until the
/// change is durable; then reads see it.
namespace leoflow::engine {

struct TriggerRun {
  std::string dag_id;
  std::optional<std::string> run_id;  ///< made from the type and run_after if absent
  std::optional<Time> logical_date;
  std::optional<Time> data_interval_start;
  std::optional<Time> data_interval_end;
  std::optional<Time> run_after;  ///< now if absent
  json::object conf;
  std::optional<std::string> note;
  std::optional<std::string> partition_key;
  std::optional<Time> partition_date;  ///< what the key tells, if Python was asked
  std::string run_type = "manual";     ///< or backfill, asset_materialization, operator_triggered
  std::string triggered_by = "rest_api";
  std::optional<std::string> user;
};

/// A task instance by its names; map_index -1 for one that is not mapped.
struct TaskKey {
  std::string run_id;
  std::string task_id;
  int map_index = -1;
};

struct ClearTasks {
  std::string dag_id;
  std::vector<TaskKey> tasks;  ///< selection is the caller's; unknown ones are not_found
  bool reset_run_state = true;
  bool on_latest_version =
      false;  ///< of its DAG; runs of bundles without versions go there anyway, as in Airflow
  std::optional<std::string> note;  ///< put on each of them
  std::optional<std::string> user;  ///< whose note it is
  /// Runs that may have none of the tasks: they take what the newest version of the DAG has besides.
  std::vector<std::string> runs;
};

struct MarkTasks {
  std::string dag_id;
  std::vector<TaskKey> tasks;
  std::string state;  ///< success, failed or skipped
};

struct MarkRun {
  std::string dag_id;
  std::string run_id;
  std::string state;  ///< queued, success or failed
};

/// Runs for the dates of a range at which the schedule ticks.
struct CreateBackfill {
  std::string dag_id;
  Time from_date;
  Time to_date;
  bool run_backwards = false;
  std::string reprocess_behavior = "none";  ///< or failed, completed: which runs that are there run again
  int max_active_runs = 10;
  bool on_latest_version = true;     ///< for runs that run again
  std::optional<json::object> conf;  ///< absent: runs that run again keep theirs
  std::optional<std::string> user;
};

enum class BackfillChange : std::uint8_t { pause, unpause, cancel };

/// A person answers what a task instance asked in one of its tries.
struct AnswerInput {
  std::string dag_id;
  TaskKey task;
  std::int64_t try_number = 1;
  json::array chosen_options;
  json::object params_input;
  std::optional<std::string> user_id;  ///< nothing if no user did, but a task
  std::optional<std::string> user_name;
  Time at;
};

/// A project that somebody pushes; its DAGs are from now on those of this version.
struct RegisterProject {
  dag::Artifact artifact;
  std::optional<std::string> user;
};

/// Somebody outside says that an asset changed.
struct ChangeAsset {
  dag::AssetKey asset;
  std::string extra = "{}";  ///< JSON object
  std::optional<std::string> partition_key;
};

/// What registering a project came to.
struct RegisteredVersion {
  std::string dag_version;  ///< of the same content that was there before, or the artifact's
  bool is_new = false;
};

class Commands {
 public:
  virtual ~Commands() = default;

  /// @returns the run id. Errors: not_found (DAG), conflict (run id or logical date taken),
  /// invalid (conf against params, ...).
  virtual Result<std::string> trigger_run(TriggerRun command) = 0;
  /// Errors: not_found, conflict (one of `runs` cannot take new tasks while others wait or run).
  virtual Result<void> clear_tasks(ClearTasks command) = 0;
  virtual Result<void> mark_tasks(MarkTasks command) = 0;
  virtual Result<void> mark_run(MarkRun command) = 0;
  virtual Result<void> delete_run(std::string dag_id, std::string run_id) = 0;
  /// The runs are of no partition any more.
  virtual Result<void> forget_partitions(std::string dag_id, std::vector<std::string> run_ids) = 0;
  virtual Result<void> delete_task(std::string dag_id, TaskKey task) = 0;
  virtual Result<void> set_paused(std::string dag_id, bool paused) = 0;
  /// Deletes the DAG with all its runs; its file makes it anew.
  /// Errors: not_found, conflict (a task instance is running).
  virtual Result<void> delete_dag(std::string dag_id) = 0;
  /// Asks for the DAG's file to be parsed again now.
  virtual Result<void> reparse(std::string dag_id) = 0;
  /// Also an old version that is to be current again; all of it or nothing.
  /// Errors: conflict (the label has other content; another project or folder has one of its DAGs), invalid
  /// (a DAG cannot run here).
  virtual Result<RegisteredVersion> register_project(RegisterProject command) = 0;
  /// Reads pool sizes again after the pool table was written.
  virtual void pools_changed() = 0;

  /// Why a task instance is not running now; empty if it runs, has ended or is about to start.
  /// Errors: not_found.
  virtual Result<std::vector<scheduler::Blocker>> explain(std::string dag_id, TaskKey task) = 0;

  /// Errors: conflict, if it has been answered already.
  virtual Result<void> answer_input(AnswerInput answer) = 0;

  /// @returns its id. Errors: not_found (DAG), conflict (one is active), invalid, unprocessable.
  virtual Result<std::int64_t> create_backfill(CreateBackfill command) = 0;
  /// @returns the runs that it would make or run again. Errors: likewise.
  virtual Result<std::vector<dag::RunInfo>> plan_backfill(CreateBackfill command) = 0;
  /// Errors: not_found, conflict (it is completed).
  virtual Result<void> change_backfill(std::int64_t id, BackfillChange change) = 0;

  /// An event of an asset that is not made by a task. Errors: not_found, if the store has no such asset.
  virtual Result<void> change_asset(ChangeAsset command) = 0;
  /// What waits for the DAG's next asset-triggered run is dropped; of one asset, or all.
  /// Errors: not_found (DAG, or nothing of that kind waits).
  virtual Result<void> forget_queued_assets(std::string dag_id, std::optional<dag::AssetKey> asset) = 0;

  /// Asks an agent's Python; the questions are those of python/leoflow_worker/questions.py that need no DAG.
  /// Errors: unavailable (no agent answers), or what Python says.
  virtual Result<json::value> ask_python(json::object question) = 0;
  /// As above, without waiting. @param then  called once, on any thread
  virtual void ask_python(json::object question, std::function<void(const Result<json::value>&)> then) = 0;

  /// Any other write (variables, connections, notes, audit log, ...): `work` runs on the writer's thread
  /// inside the transaction of the next group commit, and the call returns when that is durable. What `work`
  /// returns as an error undoes its own writes only. Work that throws UniqueViolation answers conflict.
  virtual Result<void> write(std::function<Result<void>(store::Session&)> work) = 0;
  /// As above, without waiting; what it says goes to the log if it fails. For any thread.
  virtual void write_later(std::function<Result<void>(store::Session&)> work) = 0;
};

}  // namespace leoflow::engine
