#pragma once

#include <array>
#include <functional>
#include <queue>
#include <unordered_set>

#include "base/result.hpp"
#include "scheduler/active_attempts.hpp"
#include "scheduler/asset_book.hpp"
#include "scheduler/blocker.hpp"
#include "scheduler/changes.hpp"
#include "scheduler/model.hpp"
#include "scheduler/start_retries.hpp"

namespace leoflow::scheduler {

/// What somebody asks of a new run; what is absent follows from the timetable.
struct NewRun {
  RunType type = RunType::manual;
  std::string run_id;
  std::string triggered_by;
  std::optional<std::string> user;
  std::optional<Time> logical_date;
  std::optional<dag::DataInterval> interval;
  Time run_after;
  std::string conf = "{}";
  std::optional<std::string> note;
  std::optional<std::string> partition_key;
  std::optional<Time> partition_date;
  std::optional<BackfillPlace> backfill;
};

/// What a deferred task instance waits for, as far as the scheduler is concerned.
struct Deferral {
  std::optional<Time> deadline;  ///< when it fails if nothing happened
  std::optional<Time> fires_at;  ///< needs no Python then
  bool ends_task = false;        ///< with fires_at: it succeeds then, and does not go on
  bool for_input = false;        ///< a person's answer, not a trigger: nobody has to wait in Python
};

/// What a call of a trigger comes to, made at `now`.
Deferral deferral_of(const dag::TriggerCall& call, Time now);

/// How an attempt ended, said by the task or found out about it.
enum class Outcome { success, failed, skipped, up_for_retry, removed, upstream_failed };

/// The state machine. Not thread safe. Every member function that changes
/// something notes it in `changes()`; the caller takes and stores that before
/// it lets anybody see the effect.
class Scheduler {
 public:
  /// @param make_id gives the id of each new try.
  explicit Scheduler(std::function<Uuid(Time)> make_id) : make_id_(std::move(make_id)) {}
  /// Where to look for runs that are not in memory; without it there are none.
  void set_past(Past* past) { past_ = past; }
  /// Whether schedules and assets make runs; if not, only what is triggered and backfilled runs.
  void set_makes_runs(bool makes_runs) { makes_runs_ = makes_runs; }
  void set_start_retries(StartRetries retries) { start_retries_ = retries; }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // --- dags.cpp
  /// A DAG appears or has a new version; runs keep the version they have.
  void put_dag(const std::string& dag_id, std::string version_id, std::shared_ptr<const dag::Dag> graph,
               bool paused, std::optional<dag::RunInfo> last_automated, Time now);
  /// What Python answered to one of `changes().plans`: the run after `last`.
  /// @param next  nothing: there is none now; Python is asked again.
  void next_run_known(const std::string& dag_id, const std::optional<dag::RunInfo>& last,
                      std::optional<dag::RunInfo> next, Time now);
  /// Python could not answer: it is asked again, and what was known stays.
  /// @returns whether somebody still wants to know.
  bool next_run_failed(const std::string& dag_id, const std::optional<dag::RunInfo>& last, Time now);
  /// Before put_dag: the version of the bundle that new runs are to execute, if it has any.
  void set_bundle_version(const std::string& dag_id, std::optional<std::string> version) {
    bundle_versions_[dag_id] = std::move(version);
  }
  void set_stale(const std::string& dag_id, bool stale, Time now);
  Result<void> set_paused(const std::string& dag_id, bool paused, Time now);
  /// Errors: conflict while a task instance holds a slot.
  Result<void> delete_dag(const std::string& dag_id);
  DagEntry* find_dag(const std::string& dag_id);

  // --- runs.cpp
  /// Errors: not_found (DAG), conflict (an unfinished run has that id).
  Result<Run*> create_run(const std::string& dag_id, NewRun request, Time now);
  /// Takes over a run as it was stored: after a restart, or because somebody
  /// wants to change a finished one.
  Run* adopt_run(const std::string& dag_id, Run run, Time now);
  Result<void> delete_run(const std::string& dag_id, const std::string& run_id);
  /// A finished run that is not adopted, for max_consecutive_failed_dag_runs.
  void remember_run(const std::string& dag_id, const std::string& run_id, Time run_after, RunState state);
  /// Takes back the creation of a run that cannot be stored.
  void retract(Run& run) { forget(run); }
  Run* find_run(const std::string& dag_id, const std::string& run_id);

  // --- attempts.cpp
  void attempt_started(const Uuid& attempt, Time now);
  /// @returns false if the attempt is not (any more) one that may report.
  /// @param retry_delay  of up_for_retry, if a retry policy decided it.
  bool attempt_reported(const Uuid& attempt, Outcome outcome, Time now,
                        std::optional<Duration> retry_delay = std::nullopt);
  /// It gives its slot back and wants to go on at `at`, within the same try.
  bool attempt_rescheduled(const Uuid& attempt, Time at, Time now);
  // --- deferral.cpp
  /// It ends its process and waits for a trigger, within the same try.
  bool attempt_deferred(const Uuid& attempt, const Deferral& deferral, Time now);
  /// After a restart: it waits on, or has what it waited for and goes on.
  void restore_deferral(Run& run, std::string_view task_id, int map_index, const Deferral& deferral);
  std::optional<TaskRef> find_parked(const Uuid& id) const;
  /// It goes on. @param id  of the deferred task instance. @returns false if nobody waits for that.
  bool trigger_fired(const Uuid& id, Time now);
  /// The trigger itself says how the task instance ends.
  void trigger_ended(const Uuid& id, TaskState state, Time now);

  // --- attempts.cpp, continued
  /// Its process ended without a report, or it never started: failed or retried.
  /// @returns false if nothing was expected of it any more.
  bool attempt_lost(const Uuid& attempt, const std::string& reason, Time now);
  /// All DAGs, by id.
  const std::unordered_map<std::string, std::unique_ptr<DagEntry>>& dags() const { return dags_; }
  /// Whatever was to run it could not: it is tried again after a while, a few times, at no cost of the
  /// task's own retries. One that had begun is lost. @returns whether the attempt was one that could be
  bool attempt_dropped(const Uuid& attempt, const std::string& reason, Time now);
  /// The agent could not take it: it waits for a slot again.
  void attempt_refused(const Uuid& attempt, Time now);
  /// Direct downstream tasks that a task decided to skip.
  Result<void> skip_downstream(const Uuid& attempt, const std::vector<std::pair<std::string, int>>& tasks,
                               Time now);
  /// What an attempt pushed that decides about others.
  void note_pushed(const Uuid& attempt, const PushedXcom& pushed);
  std::optional<TaskRef> find_attempt(const Uuid& attempt) const;
  ActiveAttempts active_attempts() const;

  // --- dispatch.cpp
  void put_pool(const std::string& name, int slots, bool include_deferred);
  /// Leaves every pool without slots until it is put again; who waits in one keeps waiting.
  void close_pools();
  /// How many more attempts the agents can take now.
  void set_free_slots(int slots) { free_slots_ = slots; }
  /// Gives slots to scheduled task instances. Call it after a batch of events.
  void dispatch(Time now);

  // --- explain.cpp
  /// Why it is not running now; empty if it runs, has ended or is about to start.
  std::vector<Blocker> explain(TaskRef ref);

  // --- versions.cpp
  /// The run goes on with the newest version of its DAG. @returns false, and changes nothing, while a task
  /// instance of it waits or runs, or something of it is not stored yet.
  bool move_to_newest(Run& run, Time now);

  // --- clearing.cpp, marking.cpp
  /// Errors: not_found (task instance).
  Result<void> clear(Run& run, const std::vector<std::pair<std::string, int>>& tasks, bool reset_run,
                     Time now);
  Result<void> mark_tasks(Run& run, const std::vector<std::pair<std::string, int>>& tasks, TaskState state,
                          Time now);
  void mark_run(Run& run, RunState state, Time now);

  // --- assets.cpp
  /// @param aliases by which it changed.
  void asset_changed(const dag::AssetKey& asset, const std::vector<std::string>& aliases, Time now);
  /// After a restart.
  void restore_queued_asset(const std::string& dag_id, const dag::AssetKey& asset, Time at);
  /// Somebody does not want a run for it, or for any.
  void forget_queued_assets(const std::string& dag_id, const std::optional<dag::AssetKey>& asset);
  AssetBook& assets() { return assets_; }

  // --- partitions.cpp
  /// A partition of an asset changed that is, or is part of, partitions of a DAG.
  /// @returns where it counts; nothing if the DAG does not collect changes now.
  std::vector<PartitionArrival> partitions_changed(const std::string& dag_id, const PartitionChange& change,
                                                   Time now);
  /// After a restart.
  void restore_partition(const std::string& dag_id, PendingPartition partition);
  void count_partitions_from(std::int64_t last_id) { last_partition_ = last_id; }

  // --- backfills.cpp
  /// A new one, or one from before a restart; its runs come after it.
  void put_backfill(const std::string& dag_id, Backfill backfill);
  /// A run that has ended runs again as the backfill's. @param request conf "" keeps the run's own.
  Result<void> take_into_backfill(Run& run, const NewRun& request, Time now);
  /// Those that find no active backfill of that id return false.
  bool pause_backfill(const std::string& dag_id, std::int64_t id, bool paused, Time now);
  /// What waits fails; what runs goes on.
  bool cancel_backfill(const std::string& dag_id, std::int64_t id, Time now);
  /// Is it, if none of its runs waits or runs.
  void complete_backfill(DagEntry& dag);

  // --- timers
  /// Does what has become due.
  void tick(Time now);
  std::optional<Time> next_due() const;
  /// How many times are awaited.
  std::size_t timers() const { return timers_.size(); }

  // --- what there is, and has been
  /// How often a task instance came into each state.
  using EnteredStates = std::array<std::uint64_t, dag::kTaskStateCount>;
  const EnteredStates& entered() const { return entered_; }
  const std::unordered_map<std::string, Pool>& pools() const { return pools_; }
  std::size_t active_count() const { return attempts_.size(); }
  std::size_t parked_count() const { return parked_.size(); }

  Changes& changes() { return changes_; }
  /// Forgets finished runs; call it once their changes are stored and done.
  void sweep();

 private:
  struct Timer {
    Time due;
    enum class Kind {
      next_run,
      run_start,
      run_timeout,
      recheck,
      asset_run,
      plan,
      wake_up,
      trigger,
      trigger_end,
      trigger_timeout
    } kind;
    std::string dag_id;
    std::string run_id;
    std::uint32_t index = 0;
    Uuid attempt;  ///< for wake_up: still the same try? For trigger...: the task instance
    bool operator>(const Timer& other) const { return due > other.due; }
  };

  // dags.cpp
  void plan_next_run(DagEntry& dag, Time now);
  /// Python, for the next run: a little later.
  void ask_again(DagEntry& dag, Time now);
  void set_next_run(DagEntry& dag, std::optional<dag::RunInfo> next);
  /// Has its next run created in time, by one timer however often that is looked at.
  void arm_next_run(DagEntry& dag);
  void create_due_runs(DagEntry& dag, Time now);
  /// Paused or stale flipped: what is scheduled waits, or goes on.
  void gate_changed(DagEntry& dag, Time now);
  void arm(Timer timer) { timers_.push(std::move(timer)); }
  // runs.cpp
  void start_runs(DagEntry& dag, Time now);
  void begin(Run& run, Time now);
  void finish_if_over(Run& run, Time now);
  void end_run(Run& run, RunState state, Time now);
  void set_run_state(Run& run, RunState state, Time now);
  void enlist(Run& run);
  void delist(Run& run);
  void forget(Run& run);
  // readiness.cpp
  /// Places in a run's `tasks` that are still to be looked at.
  using Open = std::vector<std::uint32_t>;
  void evaluate_all(Run& run, Time now);
  void evaluate(Run& run, Open open, Time now);
  static bool may_begin(TaskRef ref);
  void carry_out(TaskRef ref, Verdict verdict, Open& open, Time now);
  /// Its rules let it go.
  void begin_one(TaskRef ref, Open& open, Time now);
  /// It ends without having run.
  void settle(TaskRef ref, TaskState state, Open& open, Time now);
  static void push_all(const Run& run, TaskIndex task, Open& open);
  /// A branch ended: what it left out does not run, even if it waits for a slot already.
  void leave_out(TaskRef branch, Open& open, Time now);
  /// What is mapped over a task that ended without having run follows it at once.
  void settle_dependents(TaskRef source, Open& open, Time now);
  /// Those that look at the state of `from`.
  static void push_below(TaskRef from, Open& open);
  /// The only place where a state changes; keeps all counters right.
  void set_state(TaskRef ref, TaskState state);
  void propagate(TaskRef from, Time now);
  void schedule(TaskRef ref, Time now);
  void finish(TaskRef ref, TaskState state, Time now);
  /// Somebody else decides how it ends; its process, if there is one, is stopped.
  void end_now(TaskRef ref, TaskState state, std::string reason, Time now);
  // verdict.cpp
  static Verdict verdict_of(TaskRef ref);
  /// A branch above that has ended left it out.
  static bool is_left_out(TaskRef ref);
  static Verdict judge_upstream(TaskRef ref);
  static Verdict judge_direct(TaskRef ref);
  /// No instance of the task can do anything yet.
  static bool all_wait(Run& run, TaskIndex task);
  // mapping.cpp
  enum class Expanded : std::uint8_t { grown, skip, upstream_failed };
  Expanded expand(TaskRef unmapped, Time now);
  /// What it is mapped over may have another length since it was cleared.
  /// @returns whether the instance is still one.
  bool revise(TaskRef ref, Open& open, Time now);
  void expand_literals(Run& run, Time now);
  void grow(Run& run, TaskIndex task, std::uint32_t count, Time now);
  void name_new_instances(Run& run, std::uint32_t first, Time now);
  struct MapRange {
    std::uint32_t begin;
    std::uint32_t end;
  };
  /// The map indexes of `other` that belong to `ref`; nothing if all do.
  static std::optional<MapRange> partners(TaskRef ref, TaskIndex other);
  static StateCounts counts_for(TaskRef ref, const std::vector<TaskIndex>& tasks);
  static Verdict judge_sources(TaskRef ref);
  static void forget_length(TaskRef ref);
  // past.cpp
  struct Previous;
  std::optional<Previous> previous_of(Run& run);
  bool past_allows(TaskRef ref);
  /// Runs in memory with tasks that may wait for this run's.
  static std::vector<Run*> successors_of(const Run& run);
  void wake_next_runs(const Run& run, const dag::Task& task, Time now);
  void recheck_next_runs(const Run& run);
  static bool waits_for_past(const Run& run);
  /// A run that is stored leaves memory: those after it have to ask the store.
  void forget_past(const Run& run);
  /// It is nobody's previous run in memory any more.
  void leave_past(const Run& run);
  // attempts.cpp
  void retry(TaskRef ref, Time now, std::optional<Duration> delay = std::nullopt);
  /// At retry_at it is scheduled again.
  void arm_wake_up(TaskRef ref);
  /// Another attempt needs another name.
  void rename(TaskInstance& ti, Time now) {
    ti.id = make_id_(now);
    ti.is_renamed = true;
  }
  void end_restarting(TaskRef ref, Time now);
  void archive(TaskRef ref, Time now);
  // deferral.cpp
  void defer(TaskRef ref, const Deferral& deferral, Time now);
  void defer_at_start(TaskRef ref, Time now);
  void await_trigger(TaskRef ref, const Deferral& deferral);
  /// @returns false for a timer of something else.
  bool tick_trigger(const Timer& timer, Time now);
  void trigger_timed_out(const Uuid& id, Time now);
  void note_parked(TaskRef ref, bool is_parked);
  // backfills.cpp
  /// The active backfill that the run belongs to, or null.
  static Backfill* backfill_of(const Run& run);
  void drop_backfill(DagEntry& dag);
  void start_backfill_runs(DagEntry& dag, Time now);
  // assets.cpp
  void want_asset_run(DagEntry& dag);
  void create_asset_run(DagEntry& dag, Time now);
  void note_queue(DagEntry& dag);
  // partitions.cpp
  void create_partition_runs(DagEntry& dag, Time now);
  bool has_all(const DagEntry& dag, const PendingPartition& partition) const;
  // endings.cpp
  /// Notes the DAG's callback for the end of its run, if it has one.
  void call_back(Run& run, std::string reason, Time now);
  /// Likewise, of a try whose process is gone.
  void call_back(TaskRef ref, bool is_retry, const std::string& reason, Time now);
  void fail_fast(TaskRef failed, Time now);
  void arm_timeout(const Run& run);
  void time_out(Run& run, Time now);
  void remember(const Run& run);
  void pause_after_failures(DagEntry& dag, Time now);
  // dispatch.cpp
  void make_ready(TaskRef ref);
  void unready(TaskRef ref);
  bool dispatch_one(Pool& pool, Time now);
  /// Its slot of the pool, and its place under each limit.
  void count_slots(TaskRef ref, TaskState before, TaskState after);
  bool is_held_back(TaskRef ref);
  /// Lets the first of each pool that wait at the gates of `ref` try again: all for one place, for a pool may
  /// be full for long.
  void release_held(TaskRef ref);
  void release_firsts(Gate& gate);
  // explain.cpp
  void explain_slots(TaskRef ref, std::vector<Blocker>& out);
  // clearing.cpp
  void reset(TaskRef ref, Time now);
  void reopen(Run& run, Time now);

  void note(TaskRef ref);
  void note(Run& run);
  void note(DagEntry& dag);
  Pool& pool_of(TaskRef ref);
  static ReadyKey key_of(TaskRef ref);

  std::function<Uuid(Time)> make_id_;
  Past* past_ = nullptr;
  bool makes_runs_ = true;
  std::unordered_map<std::string, std::unique_ptr<DagEntry>> dags_;
  std::unordered_map<std::string, Pool> pools_;
  std::unordered_map<Uuid, TaskRef, UuidHash> attempts_;  ///< that hold a slot
  std::unordered_map<Uuid, TaskRef, UuidHash> parked_;
  std::unordered_set<Uuid, UuidHash>
      told_triggers_;  ///< of those, the ones that somebody was told to wait for
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  AssetBook assets_;
  std::unordered_map<std::string, std::optional<std::string>> bundle_versions_;  ///< by DAG
  std::int64_t last_partition_ = 0;  ///< the newest id that was given
  std::vector<Run*> finished_;
  std::vector<std::unique_ptr<DagEntry>> dead_dags_;
  int free_slots_ = 0;
  bool has_released_ = false;  ///< since dispatch looked at all pools
  StartRetries start_retries_;
  std::uint64_t sequence_ = 0;
  EnteredStates entered_{};
  Changes changes_;
};

}  // namespace leoflow::scheduler
