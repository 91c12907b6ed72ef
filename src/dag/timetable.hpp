#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

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

/// A run that a timetable wants.
struct RunInfo {
  Time run_after;
  std::optional<DataInterval> interval;  ///< absent for the run of a partition
  std::optional<std::string> partition_key = std::nullopt;
  std::optional<Time> partition_date = std::nullopt;
  std::optional<std::string> run_id = std::nullopt;  ///< if the timetable has names of its own
  std::optional<Time> logical_date() const {
    return interval ? std::optional(interval->start) : std::nullopt;
  }
  friend bool operator==(const RunInfo&, const RunInfo&) = default;
};

/// The data interval of the run before, for timetables that go on from it.
inline std::optional<DataInterval> interval_of(const std::optional<RunInfo>& last) {
  return last ? last->interval : std::nullopt;
}

struct Partitioning;

/// When a DAG runs. Immutable, thread safe.
class Timetable {
 public:
  virtual ~Timetable() = default;

  /// The run after `last`, the newest one that it made (the first if null).
  virtual std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                                      Time now) const = 0;
  /// The data interval of a run that somebody asked for.
  virtual DataInterval manual_interval(Time run_after) const = 0;
  /// Short form for lists: the cron expression, "1 day, 0:00:00", ...
  virtual std::string summary() const = 0;
  virtual std::string description() const { return ""; }
  /// Whether runs come by themselves, again and again.
  virtual bool periodic() const { return true; }
  /// The tick after a time, if it is made of one cron expression.
  virtual std::optional<Time> tick_after(Time) const { return std::nullopt; }
  /// Most runs at a time that make sense, if fewer than the DAG allows.
  virtual std::optional<int> active_runs_limit() const { return std::nullopt; }

  /// Its JSON, if only Python can evaluate it: then nobody calls next, manual_interval,
  /// partition_date or partitions_between, but asks.
  virtual const json::value* python() const { return nullptr; }

  /// Each of its runs is for a partition.
  virtual bool partitioned() const { return false; }
  /// Tasks say for which partitions they ran.
  virtual bool partitioned_at_runtime() const { return false; }
  /// How partitions of assets become the DAG's, or null.
  virtual const Partitioning* partitioning() const { return nullptr; }
  /// The date that a partition key tells, if it tells one. Errors: invalid.
  virtual Result<std::optional<Time>> partition_date(const std::string&) const { return std::nullopt; }
  /// What the clock of the timetable's zone would show for what was meant in UTC.
  virtual Time localize(Time time) const { return time; }
  /// The partitions with dates in a range, both ends included.
  virtual std::vector<RunInfo> partitions_between(Time, Time, std::size_t) const { return {}; }
};

/// Reads `{"__type": "airflow.timetables...", "__var": {...}}`. What is not built in is
/// one that Python evaluates. Errors: invalid.
Result<std::shared_ptr<const Timetable>> read_timetable(const json::value& encoded);

}  // namespace leoflow::dag
