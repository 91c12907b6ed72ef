#include "api/execution/task_state.hpp"

#include <fmt/format.h>

#include "api/execution/reading.hpp"
#include "api/execution/task_rows.hpp"
#include "base/text.hpp"

namespace leoflow::api::execution {
namespace {

/// One of the forms that the body has, by its state.
struct StateChange {
  std::string_view ask;
  Body body;
};

constexpr std::size_t kLongestKey = 250;

const Field kState{.name = "state", .required = true};
const Field kEnd{.name = "end_date", .check = moment, .required = true};
const Field kMapIndex{.name = "rendered_map_index", .check = or_null<text>, .since = Version::v2025_04_28};
const Field kNextMethod{.name = "next_method", .required = true};
const Field kNextKwargs{.name = "next_kwargs", .check = object};

const StateChange kSuccess{"SucceedTask",
                           {.fields = {kState,
                                       kEnd,
                                       {.name = "task_outlets", .check = asset_profiles},
                                       {.name = "outlet_events", .check = objects},
                                       kMapIndex},
                            .tag = "success"}};
const StateChange kTerminal{"TaskState", {.fields = {kState, kEnd, kMapIndex}, .tag = "_terminal_"}};
const StateChange kDeferred{"DeferTask",
                            {.fields = {kState,
                                        {.name = "classpath", .required = true},
                                        {.name = "trigger_kwargs", .check = object_or_text},
                                        {.name = "trigger_timeout", .check = or_null<duration>},
                                        {.name = "queue", .check = or_null<text>},
                                        kNextMethod,
                                        kNextKwargs,
                                        kMapIndex},
                             .tag = "deferred"}};
const StateChange kReschedule{
    "RescheduleTask",
    {.fields = {kState, {.name = "reschedule_date", .check = moment, .required = true}, kEnd},
     .tag = "up_for_reschedule"}};
const StateChange kAwaitInput{
    "AwaitInputTask",
    {.fields = {kState, {.name = "timeout", .check = or_null<duration>}, kNextMethod, kNextKwargs, kMapIndex},
     .tag = "awaiting_input"}};
const StateChange kRetry{
    "RetryTask",
    {.fields = {kState,
                kEnd,
                kMapIndex,
                {.name = "retry_delay_seconds", .check = or_null<number>, .since = Version::v2026_06_30},
                {.name = "retry_reason", .check = or_null<text>, .since = Version::v2026_06_30}},
     .tag = "up_for_retry"}};
const StateChange kOther{
    "TaskState", {.fields = {{.name = "state", .check = target_state, .required = true}}, .tag = "_other_"}};

const StateChange& change_to(std::string_view state) {
  if (state == "success") return kSuccess;
  if (state == "failed" || state == "skipped" || state == "removed" || state == "upstream_failed") {
    return kTerminal;
  }
  if (state == "deferred") return kDeferred;
  if (state == "up_for_reschedule") return kReschedule;
  if (state == "awaiting_input") return kAwaitInput;
  if (state == "up_for_retry") return kRetry;
  return kOther;
}

/// What is wrong with a partition that an outlet's event names; "" if nothing is.
std::string wrong_partition(const json::object& arguments) {
  const json::value* events = arguments.if_contains("outlet_events");
  if (events == nullptr || !events->is_array()) return "";
  for (const json::value& event : events->get_array()) {
    const auto key = find_text(event, "partition_key");
    if (!key) continue;
    if (trim(*key).empty()) {
      return fmt::format("partition_key in outlet event must not be empty or whitespace-only; got '{}'.",
                         *key);
    }
    if (key->size() > kLongestKey) {
      return fmt::format("partition_key in outlet event must be at most {} characters; got {}.", kLongestKey,
                         key->size());
    }
  }
  return "";
}

/// The answer if the task instance is not one that runs.
std::optional<http::Response> already_ended(Asking& asking, std::string_view wanted) {
  const auto state = find_told_state(asking);
  if (!state) return refuse(404, "not_found", "Task Instance not found");
  if (*state == wanted) {
    // Its answer may have been lost, and it says it again.
    http::Response already;
    return already;
  }
  // One that was cleared while it ran may say that it ended: the next try waits for that.
  if (*state == "running" || *state == "restarting") return std::nullopt;
  return answer_json(
      409, json::object{
               {"detail", json::object{{"reason", "invalid_state"},
                                       {"message", "TI was not in the running state so it cannot be updated"},
                                       {"previous_state", *state}}}});
}

}  // namespace

http::Response change_state(Asking& asking) {
  const std::string wanted = get_text(asking.body, "state");
  const StateChange& change = change_to(wanted);
  wire::Problems problems;
  read_body(change.body, asking.body, asking, problems);
  if (!problems.empty()) return refuse(problems);
  // As in Airflow: a state that is no end for a task is a bug in it, and fails it.
  if (&change == &kOther) asking.arguments["state"] = "failed";
  if (auto ended = already_ended(asking, wanted)) return *ended;
  if (const std::string problem = wrong_partition(asking.arguments); !problem.empty()) {
    return refuse(422, "invalid_partition_key", problem);
  }
  auto told = asking.ask(change.ask);
  if (told.refusal && told.refusal->status == 409) {
    // It ended in between.
    if (auto ended = already_ended(asking, wanted)) return *ended;
  }
  if (told.refusal) return *told.refusal;
  http::Response done;
  done.status = 204;
  return done;
}

}  // namespace leoflow::api::execution
