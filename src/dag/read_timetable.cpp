#include <algorithm>
#include <fmt/format.h>

#include "base/time_text.hpp"
#include "dag/encoded.hpp"
#include "dag/read_zone.hpp"
#include "dag/timetable.hpp"
#include "dag/timetable_events.hpp"
#include "dag/timetable_interval.hpp"
#include "dag/timetable_partition.hpp"
#include "dag/timetable_python.hpp"
#include "dag/timetable_trigger.hpp"
#include "dag/timetable_trivial.hpp"

namespace leoflow::dag {
namespace {

using Read = Result<std::shared_ptr<const Timetable>>;

Result<CronBoundaries> read_cron(std::string_view expression, const json::value& fields) {
  auto cron = Cron::parse(expression);
  if (!cron) return std::unexpected(cron.error());
  auto zone = read_zone(fields);
  if (!zone) return std::unexpected(zone.error());
  return CronBoundaries(std::move(*cron), std::move(*zone));
}

Result<Delta> read_interval(const json::value& fields, std::string_view key) {
  const json::value* encoded = find(fields, key);
  if (encoded == nullptr) return Delta{};
  return read_delta(*encoded);
}

Result<RunImmediately> read_immediately(const json::value& fields) {
  using Mode = RunImmediately::Mode;
  const json::value* encoded = find(fields, "run_immediately");
  if (encoded == nullptr) return RunImmediately{};
  if (encoded->is_null()) return RunImmediately{Mode::within_tenth, {}};
  if (encoded->is_bool()) return RunImmediately{encoded->get_bool() ? Mode::always : Mode::never, {}};
  const auto limit = read_delta(*encoded);
  if (!limit) return std::unexpected(limit.error());
  return RunImmediately{Mode::within, limit->fixed};
}

Result<std::unique_ptr<const CronTriggerTimetable>> read_cron_trigger(std::string_view expression,
                                                                      const json::value& fields) {
  auto ticks = read_cron(expression, fields);
  if (!ticks) return std::unexpected(ticks.error());
  const auto interval = read_interval(fields, "interval");
  if (!interval) return std::unexpected(interval.error());
  const auto immediately = read_immediately(fields);
  if (!immediately) return std::unexpected(immediately.error());
  return std::make_unique<const CronTriggerTimetable>(std::move(*ticks), *interval, *immediately);
}

Read read_multiple_cron(const json::value& fields) {
  std::vector<std::unique_ptr<const CronTriggerTimetable>> parts;
  const json::value* expressions = find(fields, "expressions");
  if (expressions == nullptr || !expressions->is_array() || expressions->get_array().empty()) {
    return fail(ErrorCode::invalid, "a timetable of several cron expressions needs a list of them");
  }
  for (const json::value& expression : expressions->get_array()) {
    if (!expression.is_string()) return fail(ErrorCode::invalid, "a cron expression must be a text");
    auto part = read_cron_trigger(expression.get_string(), fields);
    if (!part) return std::unexpected(part.error());
    parts.push_back(std::move(*part));
  }
  return std::make_shared<const MultipleCronTriggerTimetable>(std::move(parts));
}

Read read_delta_interval(const json::value& fields) {
  const auto delta = read_interval(fields, "delta");
  if (!delta) return std::unexpected(delta.error());
  // Parts such as `minute=30` move no time on by themselves.
  if (delta->months == 0 && delta->fixed.count() == 0)
    return fail(ErrorCode::invalid, "a schedule's interval must be longer than zero");
  return std::make_shared<const DeltaDataIntervalTimetable>(*delta);
}

Read read_delta_trigger(const json::value& fields) {
  const auto delta = read_interval(fields, "delta");
  if (!delta) return std::unexpected(delta.error());
  if (delta->is_zero()) return fail(ErrorCode::invalid, "a schedule's interval must be longer than zero");
  const auto interval = read_interval(fields, "interval");
  if (!interval) return std::unexpected(interval.error());
  return std::make_shared<const DeltaTriggerTimetable>(*delta, *interval);
}

/// What is built in, but has a part that is beyond us (a relativedelta with a weekday), is Python's too.
Read or_python(const json::value& encoded, Read read) {
  if (read || read.error().code != ErrorCode::unsupported) return read;
  return std::make_shared<const PythonTimetable>(encoded);
}

Read read_events(const json::value& fields) {
  std::vector<Time> events;
  for (const std::string& text : read_texts(fields, "event_dates")) {
    const auto event = parse_iso(text);
    if (!event) return fail(ErrorCode::invalid, fmt::format("the event date '{}' is no date", text));
    events.push_back(*event);
  }
  std::ranges::sort(events);
  const auto repeated = std::ranges::unique(events);
  events.erase(repeated.begin(), repeated.end());
  return std::make_shared<const EventsTimetable>(
      std::move(events), get_bool(fields, "restrict_to_events", false), get_text(fields, "_summary"),
      get_text(fields, "description"));
}

Read read_cron_partition(const json::value& encoded, const json::value& fields) {
  auto ticks = read_cron(get_text(fields, "expression"), fields);
  if (!ticks) return std::unexpected(ticks.error());
  auto zone = read_zone(fields);
  if (!zone) return std::unexpected(zone.error());
  const auto immediately = read_immediately(fields);
  if (!immediately) return std::unexpected(immediately.error());
  auto format = TimeFormat::of(get_text(fields, "key_format"));
  if (!format) return std::make_shared<const PythonTimetable>(encoded);
  const auto offset = static_cast<int>(get_integer(fields, "run_offset", 0));
  return std::make_shared<const CronPartitionTimetable>(std::move(*ticks), std::move(*zone), *immediately,
                                                        offset, std::move(*format));
}

Read read_partitioned_asset(const json::value& fields) {
  auto condition = read_asset_condition(child(fields, "asset_condition"));
  if (!condition) return std::unexpected(condition.error());
  auto partitioning = read_partitioning(fields);
  if (!partitioning) return std::unexpected(partitioning.error());
  return std::make_shared<const PartitionedAssetTimetable>(*condition, std::move(*partitioning));
}

}  // namespace

Read read_timetable(const json::value& encoded) {
  const std::string type = get_text(encoded, "__type");
  static const json::value kNothing = json::object();
  const json::value* var = find(encoded, "__var");
  const json::value& fields = var == nullptr ? kNothing : *var;

  constexpr std::string_view kPrefix = "airflow.timetables.";
  const std::string name = type.starts_with(kPrefix) ? type.substr(kPrefix.size()) : type;
  if (name == "simple.NullTimetable") return std::make_shared<const NullTimetable>();
  if (name == "simple.OnceTimetable") return std::make_shared<const OnceTimetable>();
  if (name == "simple.ContinuousTimetable") return std::make_shared<const ContinuousTimetable>();
  if (name == "events.EventsTimetable") return read_events(fields);
  if (name == "trigger.MultipleCronTriggerTimetable") return read_multiple_cron(fields);
  if (name == "trigger.DeltaTriggerTimetable") return or_python(encoded, read_delta_trigger(fields));
  if (name == "interval.DeltaDataIntervalTimetable") return or_python(encoded, read_delta_interval(fields));
  if (name == "trigger.CronTriggerTimetable") {
    auto timetable = read_cron_trigger(get_text(fields, "expression"), fields);
    if (!timetable) return std::unexpected(timetable.error());
    return std::shared_ptr<const Timetable>(std::move(*timetable));
  }
  if (name == "trigger.CronPartitionTimetable") return read_cron_partition(encoded, fields);
  if (name == "simple.AssetTriggeredTimetable") return std::make_shared<const AssetTriggeredTimetable>();
  if (name == "simple.PartitionedAtRuntime") return std::make_shared<const PartitionedAtRuntime>();
  if (name == "simple.PartitionedAssetTimetable") return read_partitioned_asset(fields);
  if (name == "assets.AssetOrTimeSchedule") {
    const json::value* times = find(fields, "timetable");
    if (times == nullptr) return fail(ErrorCode::invalid, "an asset-or-time schedule has no timetable");
    auto inner = read_timetable(*times);
    if (!inner) return inner;
    return std::make_shared<const AssetOrTimeTimetable>(std::move(*inner));
  }
  if (name == "interval.CronDataIntervalTimetable") {
    auto ticks = read_cron(get_text(fields, "expression"), fields);
    if (!ticks) return std::unexpected(ticks.error());
    return std::make_shared<const CronDataIntervalTimetable>(std::move(*ticks));
  }
  if (type.empty()) return fail(ErrorCode::invalid, "a timetable without type");
  return std::make_shared<const PythonTimetable>(encoded);
}

}  // namespace leoflow::dag
