#include "dag/deadlines.hpp"

#include <fmt/format.h>

#include "dag/encoded.hpp"

namespace leoflow::dag {
namespace {

Result<void> read_reference(const json::value& encoded, DeadlineAlert& alert) {
  using Reference = DeadlineAlert::Reference;
  alert.reference_type = get_text(encoded, "reference_type");
  if (alert.reference_type == "FixedDatetimeDeadline") {
    alert.reference = Reference::fixed;
    const auto moment = find_date(encoded, "datetime");
    if (!moment) return fail(ErrorCode::invalid, "a deadline at a fixed time needs that time");
    alert.fixed = *moment;
  } else if (alert.reference_type == "DagRunLogicalDateDeadline") {
    alert.reference = Reference::logical_date;
  } else if (alert.reference_type == "DagRunQueuedAtDeadline") {
    alert.reference = Reference::queued_at;
  } else if (alert.reference_type == "AverageRuntimeDeadline") {
    alert.reference = Reference::average_runtime;
    alert.max_runs = find_int(encoded, "max_runs").value_or(alert.max_runs);
    alert.min_runs = find_int(encoded, "min_runs").value_or(alert.max_runs);
  } else {
    return fail(ErrorCode::unsupported,
                fmt::format("the deadline reference '{}' is one of your own; those are not supported yet",
                            alert.reference_type));
  }
  return {};
}

/// A serialized timedelta, or the name of a variable.
Result<void> read_interval(const json::value& encoded, DeadlineAlert& alert) {
  const json::value& data = child(encoded, "__data__");
  if (data.is_number()) {
    alert.interval = Duration{static_cast<std::int64_t>(data.to_number<double>() * 1e6)};
    return {};
  }
  alert.interval_variable = get_text(data, "key");
  if (alert.interval_variable.empty()) return fail(ErrorCode::invalid, "a deadline needs an interval");
  return {};
}

}  // namespace

Result<std::vector<DeadlineAlert>> read_deadlines(const json::value& encoded) {
  std::vector<DeadlineAlert> out;
  const json::value& list = unwrap(encoded);
  if (!list.is_array()) return out;
  for (const json::value& entry : list.get_array()) {
    const json::value& fields = unwrap(entry);
    DeadlineAlert alert;
    alert.name = find_text(fields, "name");
    if (auto read = read_reference(child(fields, "reference"), alert); !read)
      return std::unexpected(read.error());
    if (auto read = read_interval(child(fields, "interval"), alert); !read)
      return std::unexpected(read.error());
    alert.callback = child(fields, "callback");
    out.push_back(std::move(alert));
  }
  return out;
}

}  // namespace leoflow::dag
