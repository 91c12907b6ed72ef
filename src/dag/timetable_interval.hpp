#pragma once

#include <memory>

#include "dag/boundaries.hpp"
#include "dag/timetable.hpp"

namespace leoflow::dag {

/// Runs at the end of each interval between two ticks, for that interval.
class DataIntervalTimetable : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override;

 protected:
  explicit DataIntervalTimetable(std::unique_ptr<const Boundaries> ticks) : ticks_(std::move(ticks)) {}
  const Boundaries& ticks() const { return *ticks_; }
  /// Start of the newest interval that may run now.
  virtual std::optional<Time> skip_to_latest(std::optional<Time> earliest, Time now) const = 0;

 private:
  std::unique_ptr<const Boundaries> ticks_;
};

class CronDataIntervalTimetable final : public DataIntervalTimetable {
 public:
  explicit CronDataIntervalTimetable(CronBoundaries ticks)
      : DataIntervalTimetable(std::make_unique<CronBoundaries>(ticks)), summary_(ticks.expression()) {}
  DataInterval manual_interval(Time run_after) const override;
  std::string summary() const override { return summary_; }
  std::optional<Time> tick_after(Time time) const override { return ticks().next(time); }

 private:
  std::optional<Time> skip_to_latest(std::optional<Time> earliest, Time now) const override;
  std::string summary_;
};

class DeltaDataIntervalTimetable final : public DataIntervalTimetable {
 public:
  explicit DeltaDataIntervalTimetable(Delta delta)
      : DataIntervalTimetable(std::make_unique<DeltaBoundaries>(delta)), delta_(delta) {}
  DataInterval manual_interval(Time run_after) const override { return {run_after - delta_, run_after}; }
  std::string summary() const override { return delta_.text(); }

 private:
  std::optional<Time> skip_to_latest(std::optional<Time> earliest, Time now) const override;
  Time round_down(Time time, Time anchor) const;
  Delta delta_;
};

}  // namespace leoflow::dag
