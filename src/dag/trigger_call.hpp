#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::dag {

/// What a task waits for without a process, and how it goes on after that.
struct TriggerCall {
  std::string classpath;
  std::string kwargs = "{}";  ///< JSON object, as the SDK serialized it
  std::string next_method;
  std::string next_kwargs = "{}";  ///< likewise
  std::optional<Duration> timeout;
};

/// A trigger that needs no Python: it fires at a time.
struct TimeTrigger {
  Time moment;
  bool ends_task = false;   ///< the task instance succeeds without going on
  std::string next_kwargs;  ///< with the event that the trigger would have sent
};

/// Nothing for a trigger that only Python can run.
std::optional<TimeTrigger> as_time_trigger(const TriggerCall& call);

/// The arguments of the next method, with what a trigger says. @param next_kwargs  JSON object
std::string with_event(const std::string& next_kwargs, json::value event);

/// Reads a task's start_trigger_args. Errors: invalid.
Result<TriggerCall> read_start_trigger(const json::value& encoded);

/// A moment in UTC as the SDK serializes it. @param type  datetime.datetime, or a subclass of it.
json::value encode_moment(Time moment, std::string_view type);

}  // namespace leoflow::dag
