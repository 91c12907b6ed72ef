#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leoflow::dag {

/// State of a task instance; `none` is Airflow's null.
enum class TaskState : std::uint8_t {
  none,
  scheduled,
  queued,
  running,
  success,
  restarting,
  failed,
  up_for_retry,
  up_for_reschedule,
  upstream_failed,
  skipped,
  removed,
  deferred,
  awaiting_input,
};
constexpr std::size_t kTaskStateCount = static_cast<std::size_t>(TaskState::awaiting_input) + 1;

enum class RunState : std::uint8_t { queued, running, success, failed };

enum class RunType : std::uint8_t {
  manual,
  scheduled,
  backfill,
  asset_triggered,
  asset_materialization,
  operator_triggered,
};

enum class TriggerRule : std::uint8_t {
  all_success,
  all_failed,
  all_done,
  all_done_min_one_success,
  all_done_setup_success,
  one_success,
  one_failed,
  one_done,
  none_failed,
  none_failed_min_one_success,
  none_skipped,
  all_skipped,
  always,
};

/// Airflow's names. `none` has the empty name.
std::string_view to_text(TaskState state);
std::string_view to_text(RunState state);
std::string_view to_text(RunType type);
std::string_view to_text(TriggerRule rule);

std::optional<TaskState> parse_task_state(std::string_view name);
std::optional<RunState> parse_run_state(std::string_view name);
std::optional<RunType> parse_run_type(std::string_view name);
std::optional<TriggerRule> parse_trigger_rule(std::string_view name);

/// No further change happens by itself.
constexpr bool is_finished(TaskState state) {
  switch (state) {
    case TaskState::success:
    case TaskState::failed:
    case TaskState::upstream_failed:
    case TaskState::skipped:
    case TaskState::removed:
      return true;
    default:
      return false;
  }
}
constexpr bool is_finished(RunState state) {
  return state == RunState::success || state == RunState::failed;
}

/// Counts towards a run that failed.
constexpr bool is_failure(TaskState state) {
  return state == TaskState::failed || state == TaskState::upstream_failed;
}

/// Waits for something outside, without a process: a trigger, or a person's answer.
constexpr bool is_parked(TaskState state) {
  return state == TaskState::deferred || state == TaskState::awaiting_input;
}

/// Holds a slot of its pool and of its DAG.
constexpr bool occupies_slot(TaskState state) {
  return state == TaskState::queued || state == TaskState::running || state == TaskState::restarting;
}

}  // namespace leoflow::dag
