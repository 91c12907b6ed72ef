#include "dag/states.hpp"

#include <array>
#include <cstddef>

namespace leoflow::dag {
namespace {

constexpr std::array<std::string_view, 14> kTaskStates = {
    "",           "scheduled", "queued",       "running",           "success",
    "restarting", "failed",    "up_for_retry", "up_for_reschedule", "upstream_failed",
    "skipped",    "removed",   "deferred",     "awaiting_input"};
constexpr std::array<std::string_view, 4> kRunStates = {"queued", "running", "success", "failed"};
constexpr std::array<std::string_view, 6> kRunTypes = {
    "manual", "scheduled", "backfill", "asset_triggered", "asset_materialization", "operator_triggered"};
constexpr std::array<std::string_view, 13> kTriggerRules = {"all_success",
                                                            "all_failed",
                                                            "all_done",
                                                            "all_done_min_one_success",
                                                            "all_done_setup_success",
                                                            "one_success",
                                                            "one_failed",
                                                            "one_done",
                                                            "none_failed",
                                                            "none_failed_min_one_success",
                                                            "none_skipped",
                                                            "all_skipped",
                                                            "always"};

template <typename Enum, std::size_t size>
std::optional<Enum> parse(const std::array<std::string_view, size>& names, std::string_view name) {
  for (std::size_t i = 0; i < size; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(TaskState state) {
  return kTaskStates[static_cast<std::size_t>(state)];
}
std::string_view to_text(RunState state) {
  return kRunStates[static_cast<std::size_t>(state)];
}
std::string_view to_text(RunType type) {
  return kRunTypes[static_cast<std::size_t>(type)];
}
std::string_view to_text(TriggerRule rule) {
  return kTriggerRules[static_cast<std::size_t>(rule)];
}

std::optional<TaskState> parse_task_state(std::string_view name) {
  return parse<TaskState>(kTaskStates, name);
}
std::optional<RunState> parse_run_state(std::string_view name) {
  return parse<RunState>(kRunStates, name);
}
std::optional<RunType> parse_run_type(std::string_view name) {
  return parse<RunType>(kRunTypes, name);
}
std::optional<TriggerRule> parse_trigger_rule(std::string_view name) {
  return parse<TriggerRule>(kTriggerRules, name);
}

}  // namespace leoflow::dag
