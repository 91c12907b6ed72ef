#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/trace.hpp"
#include "dag/timetable.hpp"
#include "scheduler/changes.hpp"

namespace leoflow::engine {

/// All that somebody needs to run one attempt of one task instance.
struct AttemptSpec {
  Uuid id;
  std::string dag_id;
  std::string run_id;
  std::string task_id;
  int map_index = -1;
  int try_number = 1;
  int max_tries = 0;
  int reschedule_count = 0;   ///< within this try
  bool should_retry = false;  ///< whether a failure of this try is followed by another
  std::string dag_version_id;
  std::string queue;
  int pool_slots = 1;
  int priority_weight = 1;
  std::string bundle_name;
  std::string bundle_path;
  std::optional<std::string> bundle_version;
  std::optional<std::string> image;  ///< that holds the files, if the bundle is a pushed project
  std::string relative_fileloc;
  std::shared_ptr<const json::value> pod_override;  ///< of its executor_config; null: none
  std::string pod_template_file;                    ///< likewise; "" for none

  // The run, as the task sees it.
  std::optional<Time> logical_date;
  std::optional<dag::DataInterval> interval;
  Time run_after;
  std::optional<Time> run_start_date;
  std::string run_type;
  std::string run_conf;  ///< JSON object
  std::optional<std::string> triggering_user;
  std::optional<std::string> note;
  std::optional<std::string> partition_key;
  std::optional<Time> partition_date;
  int clear_number = 0;
  std::string consumed_asset_events = "[]";  ///< JSON, of a run that assets triggered
  std::string next_method;                   ///< where it goes on after a deferral; "" for one that begins
  std::string next_kwargs = "{}";            ///< JSON, likewise
  std::optional<Time> first_start;           ///< of one that goes on
  std::optional<trace::Context> span;        ///< of this try, if there are traces
};

/// How far an attempt is. One that is over is so for good: what goes on with its task has another id.
struct AttemptStanding {
  bool is_over = false;               ///< or there was none
  std::optional<AttemptSpec> queued;  ///< what its agent is to run, if it has not begun
};

/// Whose Python something needs: a version of a bundle, with what it takes to run it.
struct PythonHome {
  std::string bundle_name;  ///< "" for what belongs to none
  std::string bundle_path;
  std::optional<std::string> bundle_version;
  std::optional<std::string> image;  ///< that holds the files, if the bundle is a pushed project

  friend bool operator==(const PythonHome&, const PythonHome&) = default;
};

/// A trigger that somebody has to run in Python, for a deferred task instance.
struct TriggerSpec {
  Uuid id;  ///< of the task instance
  std::string dag_id;
  std::string run_id;
  std::string task_id;
  int map_index = -1;
  int try_number = 1;
  std::string dag_version_id;
  std::string classpath;
  std::string kwargs;       ///< JSON, or sealed
  std::string next_kwargs;  ///< JSON: the event is put in there
  std::optional<Time> deadline;
  PythonHome home;
  /// The run and its serialized DAG (JSON), if there are templates in kwargs.
  std::optional<AttemptSpec> run;
  std::string serialized_dag;
};

/// A callback that somebody has to run in the Python of a DAG's file.
struct CallbackSpec {
  Uuid id;
  scheduler::CallbackKind kind = scheduler::CallbackKind::dag_success;
  AttemptSpec cause;  ///< the try that it is about, or the one that stands for the run's end; and the run
  Time run_end;
  std::string reason;
};

/// A trigger whose every event is a change of some assets.
struct WatcherSpec {
  Uuid id;
  std::string classpath;
  std::string kwargs;  ///< JSON
  std::string dag_id;  ///< one that watches so
  PythonHome home;     ///< of that one
};

/// Something that only the user's Python knows.
struct PythonQuestion {
  PythonHome home;
  std::string dag_id;            ///< that it is about; "" for what belongs to none
  std::string relative_fileloc;  ///< of that DAG
  std::string question;          ///< JSON, as leoflow_worker/questions.py takes it
  /// Called once, on any thread, with JSON. Errors: invalid (Python's), unavailable.
  std::function<void(Result<std::string>)> then;
};

/// Who runs attempts. Called on the engine's thread after the commit that
/// decided so; must not block.
class AttemptRunner {
 public:
  virtual ~AttemptRunner() = default;
  /// How many more attempts can start right now.
  virtual int free_slots() = 0;
  virtual void start(const AttemptSpec& spec) = 0;
  virtual void stop(const Uuid& attempt, const std::string& reason) = 0;
  /// Until it fires, or is stopped. Again after a restart.
  virtual void start_trigger(const TriggerSpec& spec) = 0;
  virtual void stop_trigger(const Uuid& id) = 0;
  /// Until it is stopped, by stop_trigger; again after a restart.
  virtual void start_watcher(const WatcherSpec& spec) = 0;
  /// Once; again after a restart, if nobody said that it is done.
  virtual void run_callback(const CallbackSpec& spec) = 0;
  /// Waits for an agent if there is none.
  virtual void ask(PythonQuestion question) = 0;
};

}  // namespace leoflow::engine
