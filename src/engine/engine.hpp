#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "engine/assets.hpp"
#include "engine/awaited_states.hpp"
#include "engine/commands.hpp"
#include "engine/dag_files.hpp"
#include "engine/deadlines.hpp"
#include "engine/deferrals.hpp"
#include "engine/item.hpp"
#include "engine/loop_metrics.hpp"
#include "engine/past_runs.hpp"
#include "engine/patient_session.hpp"
#include "engine/ports.hpp"
#include "engine/projects.hpp"
#include "engine/recovery.hpp"
#include "engine/watchers.hpp"
#include "store/database.hpp"

namespace leoflow::engine {

using scheduler::ActiveAttempts;
using scheduler::kCleared;

/// What is known of an attempt's process when it began.
struct AttemptStart {
  Uuid attempt;
  std::string hostname;
  std::string unixname;
  int pid = 0;
  Time at;
};

/// What a worker hears that wants to begin an attempt.
struct AttemptPermit {
  bool is_begun = false;            ///< it runs now, and did not before
  std::optional<AttemptSpec> spec;  ///< of an attempt that is to run or runs; nothing if there is none
};

/// What is known of an attempt's process when it is gone.
struct AttemptEnd {
  Uuid attempt;
  int exit_code = 0;
  std::string reason;  ///< "" if the task reported a state itself
  std::int64_t peak_memory_bytes = 0;
  std::int64_t cpu_microseconds = 0;
};

/// What a trigger in Python said.
struct TriggerResult {
  std::string next_method;                   ///< "" for the one that the task asked for
  std::string next_kwargs = "{}";            ///< JSON, with the event or the error
  std::optional<dag::TaskState> end_state;   ///< the task instance ends so, instead of going on
  std::map<std::string, std::string> xcoms;  ///< with end_state: JSON by key
};

/// The loop around the scheduler, on a thread of its own. Every public function
/// may be called from any thread while it runs.
class Engine final : public Commands {
 public:
  /// @param on_reparse is told which file (bundle, relative path) somebody wants parsed again.
  Engine(store::Database& database, const Clock& clock, AttemptRunner& runner,
         std::function<void(const std::string&, const std::string&)> on_reparse);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Before start(): how to read a variable, for deadlines that depend on one.
  void set_variables(VariableReader variables) { variables_ = std::move(variables); }
  /// Before start(): whether schedules and assets make runs ([scheduler] use_job_schedule).
  void set_makes_runs(bool makes_runs) { scheduler_.set_makes_runs(makes_runs); }
  /// Before start(): how often an attempt is started again that could not begin.
  void set_start_retries(scheduler::StartRetries retries) { scheduler_.set_start_retries(retries); }
  /// Before start(): where spans of runs and tries go; null for nowhere. It outlives the engine.
  void set_tracer(trace::Tracer* tracer) { tracer_ = tracer; }
  /// Before start(): how the writer gets its connection, the first and each after one that was lost. It may
  /// throw store::Unavailable, and is called again; what else it throws ends the process.
  void set_connect(std::function<std::unique_ptr<store::Session>()> connect) {
    connect_ = std::move(connect);
  }
  /// Reads the store and starts the loop. Throws store::Unavailable.
  void start();
  /// Finishes what was posted, then stops and gives up the writer's connection. Safe to call twice.
  void stop();

  /// Puts an item in the queue; never blocks. Before start() and after stop() it is dropped.
  /// @returns whether it was taken.
  bool post(Item item);
  /// Looks again for task instances that can start: slots have become free.
  void wake() { post({}); }
  /// When the loop last came round. Has it come round once more, and waits a moment for that: an old time
  /// means that it is stuck, because the database is away for instance.
  Time heartbeat();
  const LoopMetrics& metrics() const { return metrics_; }
  /// Asked of the loop; that of the last time if it does not answer in a moment.
  LoopState state();

  // Reports about attempts. `done` runs after the commit.
  void attempt_started(AttemptStart start);
  /// As attempt_started, for a worker that must not go on if somebody else runs it.
  void begin_attempt(AttemptStart start, std::function<void(AttemptPermit)> done);
  /// @param done is told whether the attempt was one that may report.
  /// @param retry_delay  of up_for_retry, if a retry policy decided it.
  void attempt_reported(const Uuid& attempt, scheduler::Outcome outcome, std::function<void(bool)> done,
                        std::optional<Duration> retry_delay = std::nullopt);
  /// As attempt_reported, for one that succeeded and changed assets.
  void attempt_succeeded(const Uuid& attempt, OutletReport outlets, std::function<void(bool)> done);
  /// As attempt_reported, for one that wants to go on at `at`.
  void attempt_rescheduled(const Uuid& attempt, Time at, std::function<void(bool)> done);
  /// As attempt_reported, for one that waits for a trigger.
  void attempt_deferred(const Uuid& attempt, DeferredCall deferred, std::function<void(bool)> done);
  // human_input.cpp
  /// Somebody may have answered what it waits for.
  void go_on_if_answered(std::string dag_id, TaskKey task);
  /// @param id  of the task instance that waited. Ignored if none does any more.
  void trigger_fired(const Uuid& id, TriggerResult result, std::function<void()> done);
  // watchers.cpp
  /// An event of a trigger that watches assets. @param payload  JSON.
  void watcher_fired(const Uuid& id, std::string event_id, std::string payload, std::function<void()> done);
  // callbacks.cpp
  /// It ran, or cannot: nobody runs it again. @param error  "" if it ran.
  void callback_done(const Uuid& id, std::string error);
  void attempt_finished(AttemptEnd end, std::function<void()> done);
  void attempts_lost(std::vector<Uuid> attempts, std::string reason);
  /// What was to run it is gone: see Scheduler::attempt_dropped.
  /// @param done is told whether the attempt had not ended before.
  void attempt_dropped(const Uuid& attempt, std::string reason, std::function<void(bool)> done);
  void attempt_refused(const Uuid& attempt);
  void attempts_alive(std::vector<Uuid> attempts);
  /// @param tasks ids and map indexes.
  void skip_downstream(const Uuid& attempt, std::vector<std::pair<std::string, int>> tasks,
                       std::function<void(Result<void>)> done);
  /// Their agent is there but does not have them: those that never began wait again, the others are lost.
  void attempts_missing(std::vector<Uuid> attempts, std::string reason);
  /// Tells how far an attempt is.
  void standing_of(const Uuid& attempt, std::function<void(AttemptStanding)> tell);
  /// Tells, on the engine's thread, which attempts hold a slot.
  void active_attempts(std::function<void(ActiveAttempts)> tell);

  // What files say.
  void put_file(ParsedFile file, std::function<void()> done);
  void remove_file(std::string bundle, std::string relative_fileloc);

  // Commands.
  Result<std::string> trigger_run(TriggerRun command) override;
  Result<void> clear_tasks(ClearTasks command) override;
  Result<void> mark_tasks(MarkTasks command) override;
  Result<void> mark_run(MarkRun command) override;
  Result<void> delete_run(std::string dag_id, std::string run_id) override;
  Result<void> forget_partitions(std::string dag_id, std::vector<std::string> run_ids) override;
  Result<void> delete_task(std::string dag_id, TaskKey task) override;
  Result<void> set_paused(std::string dag_id, bool paused) override;
  Result<void> delete_dag(std::string dag_id) override;
  Result<void> reparse(std::string dag_id) override;
  Result<RegisteredVersion> register_project(RegisterProject command) override;
  void pools_changed() override;
  Result<std::vector<scheduler::Blocker>> explain(std::string dag_id, TaskKey task) override;
  Result<std::int64_t> create_backfill(CreateBackfill command) override;
  Result<std::vector<dag::RunInfo>> plan_backfill(CreateBackfill command) override;
  Result<void> change_backfill(std::int64_t id, BackfillChange change) override;
  Result<void> answer_input(AnswerInput answer) override;
  Result<void> change_asset(ChangeAsset command) override;
  Result<void> forget_queued_assets(std::string dag_id, std::optional<dag::AssetKey> asset) override;
  Result<json::value> ask_python(json::object question) override;
  void ask_python(json::object question, std::function<void(const Result<json::value>&)> then) override;
  void write_later(std::function<Result<void>(store::Session&)> work) override;
  Result<void> write(std::function<Result<void>(store::Session&)> work) override;

 private:
  void run();
  bool wait_for_work();
  void pass(std::vector<Item> batch);
  void retract_taken_runs();
  void commit(std::vector<Item>& batch, Time now);
  /// The store does not have the mark of the commit before. Throws unless it has this one's.
  void check_is_stored(const std::string& mark);
  /// None of its DAGs runs: what it defines could not be stored.
  void refuse_file(const std::string& bundle, const std::string& relative_fileloc);
  /// Has the loop come round, with `decide`; waits a moment for that.
  void come_round(std::function<void(Deciding&)> decide);
  /// What `reading_` reads with: the connection, and the next one if that is lost.
  void read(const PatientSession::Work& work);
  void reconnect();
  void act(Time now);
  // callbacks.cpp
  void run_callback(const scheduler::Callback& callback);
  /// Those that were not done before a restart.
  void recover_callbacks();
  void refresh_watchers();
  // deadlines.cpp
  void add_missed_deadlines(std::vector<Item>& batch, Time now);
  void run_deadline_callback(const MissedDeadline& missed);
  void start_triggers(const std::vector<scheduler::TaskRef>& waiting);
  // awaited_states.cpp
  void await_states(const TriggerSpec& spec, dag::StateTrigger trigger);
  /// It goes on, if what it waits for is so now. @param id  of one that waits for states
  void fire_if_reached(const Uuid& id);
  // python_questions.cpp
  /// Without `then`. @param dag_id  that it is about; "": whoever was pushed last may answer it
  PythonQuestion question_about(const std::string& dag_id, const json::object& question) const;
  void ask_next_run(const scheduler::DagEntry& dag);
  void timetable_worked(const std::string& dag_id, const DagFiles::Place& place);
  void timetable_failed(const std::string& dag_id, const DagFiles::Place& place, const Error& error);
  /// Has Python map those of the events for which it must; they are stored.
  void map_with_python(const std::vector<AssetEvent>& events);
  void ask_unmapped();
  void mapped_with_python(std::int64_t event_id, const std::string& dag_id,
                          const Result<std::string>& answer);
  /// For callers on threads of their own. Errors: unavailable, or Python's.
  /// @param dag_id whose file it is about; "" for none
  Result<json::value> ask_and_wait(const std::string& dag_id, json::object question);
  /// The DAG's timetable, if Python has to evaluate it.
  std::optional<json::value> python_timetable(const std::string& dag_id);
  /// What the DAG's own timetable says of a run that somebody asks for.
  Result<void> complete_with_python(TriggerRun& command);
  /// The runs that the DAG's own timetable has in a range; nothing if it is not its own.
  Result<std::optional<std::vector<dag::RunInfo>>> runs_with_python(const CreateBackfill& command);
  AttemptSpec spec_of(const scheduler::TaskRef& ref) const;
  /// With all that its worker has to know when it begins.
  AttemptSpec start_of(const scheduler::TaskRef& ref);
  /// Decides on the engine's thread and waits until that is durable.
  /// @param record what is written besides, if the decision was not an error.
  template <typename T>
  Result<T> call(std::function<Result<T>(Deciding&)> decide,
                 std::function<void(store::Session&)> record = {});

  // constant after construction
  store::Database& database_;
  const Clock& clock_;
  AttemptRunner& runner_;
  const std::function<void(const std::string&, const std::string&)> on_reparse_;
  trace::Tracer* tracer_ = nullptr;  ///< constant after start()
  std::function<std::unique_ptr<store::Session>()> connect_ = [this] { return database_.connect(); };

  // only touched on the engine's thread
  Time pass_time_{};  ///< of the pass that is being decided and stored
  scheduler::Scheduler scheduler_{new_uuid};
  PatientSession reading_{[this](const PatientSession::Work& work) { read(work); }};
  PastRuns past_runs_{reading_};
  Versions versions_;
  DagFiles dag_files_{versions_};
  Projects projects_;
  std::int64_t last_backfill_ = 0;  ///< the newest id that was given
  Watchers watchers_;
  AwaitedStates awaited_states_;
  VariableReader variables_;
  std::optional<Time> next_deadline_;                            ///< of those that nobody has missed yet
  std::set<std::string> working_timetables_;                     ///< DAG ids: no error of theirs is stored
  std::set<std::pair<std::int64_t, std::string>> asked_events_;  ///< that Python maps now, with DAG ids
  std::unique_ptr<store::Session> session_;
  std::string stored_mark_;  ///< of the last commit

  // protected by mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Item> queue_;
  bool is_open_ = false;  ///< items are taken
  bool stopping_ = false;

  std::atomic<Time> heartbeat_{Time{}};
  LoopMetrics metrics_;
  LoopState last_state_;  ///< protected by mutex_
  std::thread thread_;
};

}  // namespace leoflow::engine
