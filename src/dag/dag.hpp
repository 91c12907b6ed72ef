#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "dag/access_control.hpp"
#include "dag/assets.hpp"
#include "dag/deadlines.hpp"
#include "dag/expansion.hpp"
#include "dag/params.hpp"
#include "dag/states.hpp"
#include "dag/timetable.hpp"
#include "dag/trigger_call.hpp"

namespace leoflow::dag {

/// One task as the scheduler needs it. Airflow's names and defaults.
struct Task {
  std::string task_id;
  std::string display_name;
  std::string operator_class;
  std::string operator_name;  ///< as the UI shows it: "@task", "BashOperator"
  std::string pool = "default_pool";
  int pool_slots = 1;
  std::string queue = "default";
  std::optional<std::string> executor;
  TriggerRule trigger_rule = TriggerRule::all_success;
  int retries = 0;
  Duration retry_delay = std::chrono::seconds{300};
  double retry_backoff = 0;  ///< multiplier; 0 for none
  std::optional<Duration> max_retry_delay;
  std::optional<Duration> execution_timeout;
  std::optional<Time> start_date;
  std::optional<Time> end_date;
  int priority_weight = 1;  ///< effective: with those of its relatives as the weight rule says
  std::vector<int>
      weights;  ///< of a rule of the user's own: by tries made before it was cleared; not empty then
  std::optional<int> max_active_tis_per_dag;
  std::optional<int> max_active_tis_per_dagrun;
  bool runs_in_engine = false;  ///< an EmptyOperator with nothing to call
  bool depends_on_past = false;
  bool ignore_first_depends_on_past = false;
  bool wait_for_downstream = false;
  bool wait_for_past_depends_before_skipping = false;
  bool is_setup = false;
  bool is_teardown = false;
  bool on_failure_fail_dagrun = false;
  bool has_on_retry_callback = false;
  bool has_on_failure_callback = false;
  bool emails_on_retry = false;
  bool emails_on_failure = false;
  bool can_skip_downstream = false;  ///< a branch or the like, whose decision its downstream looks up
  std::vector<TaskIndex> upstream;
  std::vector<TaskIndex> downstream;

  std::shared_ptr<const TriggerCall> start_trigger;  ///< it begins by waiting for that (start_from_trigger)
  std::shared_ptr<const json::value>
      pod_override;                        ///< of its executor_config, as Kubernetes writes pods; null: none
  std::string pod_template_file;           ///< of its executor_config; "" for none
  std::optional<Expansion> expansion;      ///< of a task that is mapped itself
  std::optional<GroupIndex> mapped_group;  ///< the innermost mapped group around it
  bool feeds_expansion = false;            ///< something is mapped over what it returns
  /// Whether the number of its instances depends on something.
  bool needs_expansion() const { return expansion || mapped_group; }

  // What setup and teardown add; empty in a DAG without them. See setups.hpp.
  std::vector<TaskIndex> setups;    ///< further setups that must have succeeded
  std::vector<TaskIndex> scope;     ///< of a teardown: what else must be done before it
  std::vector<TaskIndex> watchers;  ///< tasks that have this one in `setups` or `scope`
};

/// One version of a DAG. Immutable once built; shared between the runs of that
/// version.
struct Dag {
  std::string dag_id;
  std::string display_name;
  std::optional<std::string> description;
  std::vector<std::string> tags;
  std::vector<Grant> grants;        ///< what groups may do with it
  std::vector<std::string> owners;  ///< sorted, without repetition
  std::string relative_fileloc;
  std::string timetable_type;
  std::shared_ptr<const Timetable> timetable;
  std::optional<Time> start_date;
  std::optional<Time> end_date;
  bool catchup = false;
  int max_active_tasks = 16;
  int max_active_runs = 16;
  int max_consecutive_failed_dag_runs = 0;
  std::optional<Duration> dagrun_timeout;
  bool fail_fast = false;
  bool disable_bundle_versioning = false;
  bool has_on_success_callback = false;
  bool has_on_failure_callback = false;
  std::vector<DeadlineAlert> deadlines;
  std::optional<bool> is_paused_upon_creation;
  std::optional<std::vector<std::string>> allowed_run_types;  ///< absent: all
  Params params;
  std::vector<Task> tasks;
  std::vector<MappedGroup> mapped_groups;
  std::map<std::string, std::vector<TaskIndex>>
      groups;                                     ///< the tasks in each task group, and in those within it
  std::vector<TaskAsset> task_assets;             ///< outlets and inlets
  std::optional<AssetCondition> asset_condition;  ///< of a DAG that is scheduled on assets
  std::vector<TaskIndex> leaves;                  ///< whose states decide the run's

  std::optional<TaskIndex> find_task(std::string_view task_id) const;
  /// The restriction that the DAG's and its tasks' dates put on its runs.
  Restriction restriction() const;
  bool has_task_concurrency_limits() const;
  bool allows(RunType type) const;
  /// Whether a task looks at the run before (depends_on_past).
  bool depends_on_past = false;

  std::unordered_map<std::string, TaskIndex> index_by_id;
};

/// What a task's effective priority sums up.
enum class WeightRule : std::uint8_t { downstream, upstream, absolute, custom };

/// All tasks that can be reached from `from`, without itself; in index order.
std::vector<TaskIndex> reachable(const Dag& dag, TaskIndex from, bool upstream);

}  // namespace leoflow::dag
