#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "dag/dag.hpp"
#include "scheduler/partitions.hpp"
#include "scheduler/past.hpp"
#include "scheduler/skips.hpp"
#include "scheduler/trigger_rule.hpp"

/// The state that the scheduler decides over: DAGs, their unfinished runs and
/// the task instances of those.
namespace leoflow::scheduler {

using dag::RunState;
using dag::RunType;
using dag::TaskIndex;
using dag::TaskState;

constexpr std::int32_t kNotPushed = -1;

/// One task instance, compactly: a busy install holds a million.
struct TaskInstance {
  Uuid id;  ///< new for each try: it names the attempt
  TaskIndex task = 0;
  std::int32_t map_index = -1;
  TaskState state = TaskState::none;
  bool dirty = false;         ///< already noted in Changes
  bool is_renamed = false;    ///< its id is not stored yet
  bool is_restarted = false;  ///< its start_date is not stored yet
  std::uint16_t try_number = 0;
  std::uint16_t max_tries = 0;
  std::int32_t map_length = kNotPushed;  ///< items of what it returned, if something may be mapped over it
  std::optional<Time> scheduled_at;
  std::optional<Time> queued_at;
  std::optional<Time> start_date;
  std::optional<Time> end_date;
  std::optional<Time> retry_at;     ///< when up_for_retry or up_for_reschedule ends
  std::uint16_t reschedules = 0;    ///< of this try
  std::uint8_t failed_starts = 0;   ///< of this try: it could not begin where it was to run
  std::optional<Time> first_start;  ///< of this try, once it was rescheduled or deferred
  bool resumes = false;             ///< it goes on where it deferred itself

  void start_at(std::optional<Time> when) {
    start_date = when;
    is_restarted = true;
  }
  /// All of it is stored now.
  void clear_marks() { dirty = is_renamed = is_restarted = false; }
};

/// Something of this try has happened already.
inline bool has_begun(const TaskInstance& ti) {
  return ti.start_date && (ti.state != TaskState::scheduled || ti.reschedules > 0 || ti.resumes);
}

/// All instances of one task in a run: one, or one for each map index once it is expanded.
struct Family {
  StateCounts own;                    ///< of its instances
  StateCounts upstream;               ///< of all instances of its upstream tasks
  std::vector<std::uint32_t> mapped;  ///< place in Run::tasks by map index; empty until it is expanded
  std::uint32_t pushed = 0;           ///< instances with a map_length
};

/// What somebody pushed that the scheduler has to know.
struct PushedXcom {
  std::optional<std::int32_t> map_length;
  std::optional<SkipDecision> skips;
};

/// Which run of which backfill.
struct BackfillPlace {
  std::int64_t id = 0;
  std::int64_t ordinal = 0;  ///< from 1, in the order in which they start
};

struct Run;

/// A task instance in its run. Valid until the run is forgotten.
struct TaskRef {
  Run* run = nullptr;
  std::uint32_t index = 0;

  TaskInstance& ti() const;
  const dag::Task& task() const;
  friend bool operator==(const TaskRef&, const TaskRef&) = default;
};

/// The order in which scheduled task instances get slots: the more important,
/// then the older run, then arrival.
struct ReadyKey {
  std::int64_t negative_priority;
  Time run_after;
  std::uint64_t run_sequence;
  std::uint32_t index;
  friend auto operator<=>(const ReadyKey&, const ReadyKey&) = default;
};
using ReadyQueue = std::map<ReadyKey, TaskRef>;

/// Task instances that may hold slots at the same time, by a limit of their own.
struct Gate {
  std::uint32_t active = 0;
  std::map<std::string, ReadyQueue> held;  ///< by pool: wait for another of them to end; none is empty
};

struct DagEntry;

/// An unfinished run, or one that somebody touches again.
struct Run {
  DagEntry* dag = nullptr;
  std::string run_id;
  std::string version_id;
  std::optional<std::string> bundle_version;  ///< what its tasks execute; absent: the files as they are
  std::shared_ptr<const dag::Dag> graph;      ///< of version_id
  RunState state = RunState::queued;
  RunType type = RunType::manual;
  std::string triggered_by;
  std::optional<std::string> user;
  std::optional<Time> logical_date;
  std::optional<dag::DataInterval> interval;
  Time run_after;
  Time queued_at;
  std::optional<Time> start_date;
  std::optional<Time> end_date;
  std::string conf = "{}";
  std::optional<std::string> note;
  std::optional<std::string> partition_key;
  std::optional<Time> partition_date;
  std::optional<BackfillPlace> backfill;
  int clear_number = 0;

  /// The first instance of each task in the order of the graph, then those of further map indexes.
  std::vector<TaskInstance> tasks;
  /// Stored ones of other versions, by task id and map index: a later version may have them again.
  std::map<std::pair<std::string, int>, TaskInstance> left_out;
  std::vector<Family> families;                           ///< by task
  std::unordered_map<std::uint32_t, SkipDecision> skips;  ///< by place in `tasks`
  bool is_new = true;                                     ///< not stored yet
  bool dirty = false;
  std::uint32_t unfinished = 0;  ///< task instances that are not finished
  std::uint32_t pending = 0;     ///< of those, in any state but none: something will still happen by itself
  Gate gate;                     ///< of those, holding a slot (max_active_tasks)
  std::unordered_map<TaskIndex, Gate> task_gates;  ///< by task, if it has max_active_tis_per_dagrun
  std::uint64_t sequence = 0;                      ///< order of arrival, the last tie breaker
  std::optional<PastRun> past;                     ///< the stored run before this one, once asked for
  bool past_is_known = false;
  bool recheck_is_due = false;  ///< the next tick looks at its tasks again

  const dag::Task& task_of(const TaskInstance& ti) const { return graph->tasks[ti.task]; }
  TaskInstance* find(std::string_view task_id, int map_index);
  /// Its place. @param ti  one of `tasks`.
  TaskRef ref_to(const TaskInstance& ti) { return {this, static_cast<std::uint32_t>(&ti - tasks.data())}; }
  /// All of those task ids and map indexes. Errors: not_found, naming the first that is not there.
  Result<std::vector<TaskRef>> find_all(const std::vector<std::pair<std::string, int>>& names);
  /// How many instances a task has, and the place in `tasks` of the nth.
  std::uint32_t instance_count(TaskIndex task) const;
  std::uint32_t instance(TaskIndex task, std::uint32_t nth) const;

  /// One instance of each task, in state none.
  void fill();
  /// Counts what is in `tasks`, in whatever order the further map indexes came.
  void index();
  /// Gives a task `count` (at least 1) instances; those that it has stay. @returns the place of the first new
  /// one.
  std::uint32_t grow(TaskIndex task, std::uint32_t count);
};

inline TaskInstance& TaskRef::ti() const {
  return run->tasks[index];
}
inline const dag::Task& TaskRef::task() const {
  return run->task_of(ti());
}

/// The effective priority of a task instance.
inline int weight_of(const dag::Task& task, const TaskInstance& ti) {
  if (task.weights.empty()) return task.priority_weight;
  const auto tries_before = static_cast<std::size_t>(std::max(0, ti.max_tries - task.retries));
  return task.weights[std::min(tries_before, task.weights.size() - 1)];
}

struct Pool {
  int slots = 0;
  bool include_deferred = false;
  int occupied = 0;
  int deferred = 0;  ///< slots of those that wait for a trigger
  int free() const { return slots - occupied - (include_deferred ? deferred : 0); }
  ReadyQueue ready;
};

/// Runs for a range of dates, until all have ended.
struct Backfill {
  std::int64_t id = 0;
  int max_active_runs = 10;
  bool paused = false;
  std::uint32_t running = 0;              ///< of its runs
  std::map<std::int64_t, Run*> queued{};  ///< of its runs, by ordinal
};

struct DagEntry {
  std::string dag_id;
  std::string version_id;
  std::shared_ptr<const dag::Dag> graph;  ///< newest version
  bool paused = false;
  std::optional<std::string> bundle_version;   ///< newest, of a bundle that has versions
  bool stale = false;                          ///< its file is gone or does not define it any more
  std::optional<dag::RunInfo> last_automated;  ///< the newest scheduled run
  std::optional<dag::RunInfo> next_run;
  std::optional<Time> armed_next;  ///< when the timer for that is due
  bool plan_is_armed = false;      ///< its timetable will be asked again
  bool dirty = false;
  std::optional<Backfill> backfill;                       ///< its runs are not counted in the next two
  std::uint32_t running = 0;                              ///< runs in that state
  std::map<std::pair<Time, std::uint64_t>, Run*> queued;  ///< runs that wait to start, oldest first
  std::unordered_map<std::string, std::unique_ptr<Run>> runs;
  std::map<Time, Run*> by_date;                      ///< of those that have a logical date
  std::unordered_map<std::string, Gate> task_gates;  ///< by task id, if it has max_active_tis_per_dag
  /// The newest runs, by run_after and run_id: as many as failures in a row pause the DAG.
  std::map<std::pair<Time, std::string>, RunState> recent;

  /// Assets that changed since the last run that such changes made, and when.
  std::map<dag::AssetKey, Time> queued_assets;
  bool queue_is_dirty = false;
  bool wants_asset_run = false;  ///< the next tick looks whether there are enough
  /// Partitions that wait for more changes of assets, by key.
  std::map<std::string, PendingPartition> partitions;

  // Runs that end at once may start others: these keep that a loop, not a recursion.
  bool creating = false;
  bool starting = false;

  bool may_run() const { return !paused && !stale; }
};

}  // namespace leoflow::scheduler
