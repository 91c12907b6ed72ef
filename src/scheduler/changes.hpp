#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scheduler/model.hpp"

namespace leoflow::scheduler {

/// A try that is over, as it goes into the history.
struct PastTry {
  TaskRef where;
  Uuid id;
  TaskState state;
  int try_number;
  int max_tries;
  std::optional<Time> scheduled_at;
  std::optional<Time> queued_at;
  std::optional<Time> start_date;
  std::optional<Time> end_date;
};

/// A task of a stored run got more instances: those from `first` to before `end`.
struct NewInstances {
  Run* run;
  TaskIndex task;
  bool was_unmapped;  ///< the one there was is the first of them now, with map index 0
  std::uint32_t first;
  std::uint32_t end;

  /// The lowest new map index; nothing for one that is not mapped.
  std::optional<int> first_index() const;
};

/// A partition of a DAG has what it waited for.
struct PartitionRun {
  std::int64_t partition;  ///< id
  Run* run;
};

/// A stored run goes on with another version of its DAG.
struct MovedRun {
  Run* run;
  std::vector<std::pair<std::string, int>> vanished;  ///< task instances that it does not have any more
};

struct StopOrder {
  Uuid attempt_id;
  std::string reason;
};

/// What the user's Python is to be told of.
enum class CallbackKind : std::uint8_t {
  dag_success,
  dag_failure,
  task_retry,  ///< of a task instance whose process could not say it itself, like the next ones
  task_failure,
  retry_email,
  failure_email
};

/// A callback in the user's Python that is to run.
struct Callback {
  Uuid id;
  CallbackKind kind;
  TaskRef cause;  ///< that task instance, or the one that stands for the run's end
  Uuid attempt;   ///< its try, as it was
  int try_number;
  std::string
      reason;  ///< of a run as Airflow says it: success, task_failure, all_tasks_deadlocked, timed_out
};

/// What the transitions since the last commit ask for. First everything is
/// stored, in the order of the members, then the effects happen.
struct Changes {
  std::vector<Run*> created;
  std::vector<MovedRun> moved;
  std::vector<NewInstances> expanded;
  std::vector<PastTry> past_tries;
  std::vector<Run*> runs;
  std::vector<TaskRef> tasks;
  std::vector<DagEntry*> dags;
  std::vector<std::pair<std::string, std::string>> deleted_runs;  ///< dag_id, run_id
  std::vector<std::string> deleted_dags;
  std::vector<DagEntry*> asset_queues;           ///< whose queued_assets changed
  std::vector<Run*> asset_runs;                  ///< of `created`: they consume asset events
  std::vector<PartitionRun> partition_runs;      ///< of `created`, likewise
  std::vector<std::int64_t> dropped_partitions;  ///< ids: their DAG maps partitions in another way now
  std::vector<Run*> taken_into_backfill;         ///< stored runs that run again as a backfill's
  std::vector<std::int64_t> completed_backfills;
  std::vector<std::string> paused_by_failures;  ///< dag_id; for the audit log

  std::vector<DagEntry*> plans;      ///< effect: ask Python for their next run
  bool watchers_may_differ = false;  ///< effect: DAGs came, went, were paused: look who waits for what
  std::vector<Callback> callbacks;   ///< stored, and an effect: have an agent run them

  std::vector<TaskRef> deferred;        ///< by start_from_trigger: what they wait for is their task's
  std::vector<TaskRef> timed_out;       ///< go on, but to fail, because their trigger took too long
  std::vector<TaskRef> overdue_inputs;  ///< go on with the default answer or without one

  std::vector<TaskRef> start_triggers;  ///< effect: have somebody wait for what they wait for
  std::vector<Uuid> stop_triggers;      ///< effect: nobody waits for that any more
  std::vector<TaskRef> start;           ///< effect: send to an agent
  std::vector<StopOrder> stop;          ///< effect: tell the agent that runs it

  bool nothing_to_store() const {
    return created.empty() && moved.empty() && expanded.empty() && past_tries.empty() && runs.empty() &&
           tasks.empty() && dags.empty() && deleted_runs.empty() && deleted_dags.empty() &&
           asset_queues.empty() && taken_into_backfill.empty() && completed_backfills.empty() &&
           dropped_partitions.empty();
  }

  /// What is noted is stored: a further change is to be noted again.
  void clear_marks() const;
};

}  // namespace leoflow::scheduler
