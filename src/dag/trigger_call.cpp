#include "dag/trigger_call.hpp"

#include <cmath>

#include "base/time_text.hpp"
#include "dag/encoded.hpp"

// Source: Airflow 3.3.2, DateTimeTrigger; serde and BaseSerialization for its arguments.
namespace leoflow::dag {
namespace {

std::optional<double> epoch_seconds(const json::value& encoded) {
  // {"__type": "datetime", "__var": seconds} of a DAG, {"__classname__": ..., "__data__": {"timestamp": ...}}
  // of a task.
  const json::value& plain = unwrap(encoded);
  const json::value& timestamp = child(child(plain, "__data__"), "timestamp");
  if (timestamp.is_number()) return timestamp.to_number<double>();
  if (plain.is_number()) return plain.to_number<double>();
  return std::nullopt;
}

std::optional<Time> read_moment(const json::value& kwargs) {
  if (const auto seconds = epoch_seconds(child(kwargs, "moment"))) {
    return from_micros(std::llround(*seconds * 1e6));
  }
  const json::value& target = child(kwargs, "target_time");
  if (const auto seconds = epoch_seconds(target)) return from_micros(std::llround(*seconds * 1e6));
  // A template is no date, and left to Python.
  return target.is_string() ? parse_iso(std::string_view(target.get_string())) : std::nullopt;
}

}  // namespace

json::value encode_moment(Time moment, std::string_view type) {
  const json::array zone{"UTC", "pendulum.tz.timezone.Timezone", 1, true};
  return json::object{{"__classname__", type},
                      {"__version__", 2},
                      {"__data__", json::object{{"timestamp", static_cast<double>(to_micros(moment)) / 1e6},
                                                {"tz", json::object{{"__classname__", "builtins.tuple"},
                                                                    {"__version__", 1},
                                                                    {"__data__", zone}}}}}};
}

std::optional<TimeTrigger> as_time_trigger(const TriggerCall& call) {
  if (call.classpath != "airflow.providers.standard.triggers.temporal.DateTimeTrigger") return std::nullopt;
  const auto parsed = parse_json(call.kwargs);
  if (!parsed) return std::nullopt;
  const json::value& kwargs = unwrap(*parsed);
  const auto moment = read_moment(kwargs);
  if (!moment) return std::nullopt;
  return TimeTrigger{*moment, get_bool(kwargs, "end_from_trigger", false),
                     with_event(call.next_kwargs, encode_moment(*moment, "pendulum.datetime.DateTime"))};
}

std::string with_event(const std::string& next_kwargs, json::value event) {
  const auto next = parse_json(next_kwargs);
  json::value with = next ? unwrap(*next) : json::value();
  if (!with.is_object()) with = json::object();
  with.get_object()["event"] = std::move(event);
  return json::serialize(with);
}

Result<TriggerCall> read_start_trigger(const json::value& encoded) {
  const json::value& fields = unwrap(encoded);
  TriggerCall call;
  call.classpath = get_text(fields, "trigger_cls");
  call.next_method = get_text(fields, "next_method");
  if (call.classpath.empty() || call.next_method.empty()) {
    return fail(ErrorCode::invalid, "start_trigger_args name no trigger or no next method");
  }
  if (const json::value& kwargs = child(fields, "trigger_kwargs"); !kwargs.is_null()) {
    call.kwargs = json::serialize(unwrap(kwargs));
  }
  if (const json::value& kwargs = child(fields, "next_kwargs"); !kwargs.is_null()) {
    call.next_kwargs = json::serialize(unwrap(kwargs));
  }
  call.timeout = find_duration(fields, "timeout");
  return call;
}

}  // namespace leoflow::dag
