#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::dag {

struct DataInterval {
  Time start;
  Time end;
  friend bool operator==(const DataInterval&, const DataInterval&) = default;
};

/// When a DAG may run at all.
struct Restriction {
  std::optional<Time> earliest;
  std::optional<Time> latest;
  bool catchup = false;
};

/// The next run that a timetable wants.
struct RunInfo {
  Time run_after;
  DataInterval interval;
  Time logical_date() const { return interval.start; }
};

/// When a DAG runs. Immutable, thread safe.
class Timetable {
 public:
  virtual ~Timetable() = default;

  /// The run after the one whose interval was `last` (the first if null).
  virtual std::optional<RunInfo> next(const std::optional<DataInterval>& last, const Restriction& restriction,
                                      Time now) const = 0;
  /// The data interval of a run that somebody asked for.
  virtual DataInterval manual_interval(Time run_after) const = 0;
  /// Short form for lists: the cron expression, "1 day, 0:00:00", ...
  virtual std::string summary() const = 0;
  virtual std::string description() const { return ""; }
  /// Whether runs come by themselves, again and again.
  virtual bool periodic() const { return true; }
  /// Most runs at a time that make sense, if fewer than the DAG allows.
  virtual std::optional<int> active_runs_limit() const { return std::nullopt; }
};

/// Reads `{"__type": "airflow.timetables...", "__var": {...}}`.
/// Errors: unsupported (naming the type), invalid.
Result<std::shared_ptr<const Timetable>> read_timetable(const json::value& encoded);

}  // namespace leoflow::dag
