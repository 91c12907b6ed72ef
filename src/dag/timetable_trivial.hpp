#pragma once

#include "dag/timetable.hpp"

namespace leoflow::dag {

/// schedule=None: never by itself.
class NullTimetable final : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<DataInterval>&, const Restriction&, Time) const override;
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return "None"; }
  std::string description() const override { return "Never, external triggers only"; }
  bool periodic() const override { return false; }
};

/// schedule="@once".
class OnceTimetable final : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<DataInterval>& last, const Restriction& restriction,
                              Time now) const override;
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return "@once"; }
  std::string description() const override { return "Once, as soon as possible"; }
  bool periodic() const override { return false; }
};

/// schedule="@continuous": the next run as soon as the last one is over.
class ContinuousTimetable final : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<DataInterval>& last, const Restriction& restriction,
                              Time now) const override;
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return "@continuous"; }
  std::string description() const override {
    return "As frequently as possible, but only one run at a time.";
  }
  bool periodic() const override { return false; }
  std::optional<int> active_runs_limit() const override { return 1; }
};

}  // namespace leoflow::dag
