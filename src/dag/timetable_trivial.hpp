#pragma once

#include "dag/timetable.hpp"

namespace leoflow::dag {

/// schedule=None: never by itself.
class NullTimetable : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<RunInfo>&, const Restriction&, Time) const override;
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return "None"; }
  std::string description() const override { return "Never, external triggers only"; }
  bool periodic() const override { return false; }
};

/// schedule="@once".
class OnceTimetable final : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override;
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return "@once"; }
  std::string description() const override { return "Once, as soon as possible"; }
  bool periodic() const override { return false; }
};

/// schedule="@continuous": the next run as soon as the last one is over.
class ContinuousTimetable final : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override;
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return "@continuous"; }
  std::string description() const override {
    return "As frequently as possible, but only one run at a time.";
  }
  bool periodic() const override { return false; }
  std::optional<int> active_runs_limit() const override { return 1; }
};

/// schedule=[assets]: when they change. The condition is the Dag's.
class AssetTriggeredTimetable : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<RunInfo>&, const Restriction&, Time) const override {
    return std::nullopt;
  }
  DataInterval manual_interval(Time run_after) const override { return {run_after, run_after}; }
  std::string summary() const override { return "Asset"; }
  std::string description() const override { return "Triggered by assets"; }
  bool periodic() const override { return false; }
};

/// AssetOrTimeSchedule: when assets change, and at times.
class AssetOrTimeTimetable final : public Timetable {
 public:
  explicit AssetOrTimeTimetable(std::shared_ptr<const Timetable> times) : times_(std::move(times)) {}
  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override {
    return times_->next(last, restriction, now);
  }
  DataInterval manual_interval(Time run_after) const override { return times_->manual_interval(run_after); }
  std::string summary() const override { return "Asset or " + times_->summary(); }
  std::string description() const override { return "Triggered by assets or " + times_->description(); }
  bool periodic() const override { return times_->periodic(); }
  std::optional<int> active_runs_limit() const override { return times_->active_runs_limit(); }
  const json::value* python() const override { return times_->python(); }
  bool partitioned_at_runtime() const override { return times_->partitioned_at_runtime(); }

 private:
  std::shared_ptr<const Timetable> times_;
};

}  // namespace leoflow::dag
