#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "dag/boundaries.hpp"
#include "dag/timetable.hpp"

namespace leoflow::dag {

/// What the first run of a DAG without start date does: whether the tick that
/// just went by still counts.
struct RunImmediately {
  enum class Mode { never, always, within_tenth, within };
  Mode mode = Mode::never;
  Duration limit{0};  ///< for `within`
};

/// The tick at which a DAG without start date begins.
std::optional<Time> first_tick(const Boundaries& ticks, const RunImmediately& immediately, Time now);

/// Runs at each tick; the data interval is set independently.
class TriggerTimetable : public Timetable {
 public:
  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override;
  DataInterval manual_interval(Time run_after) const override { return {run_after - interval_, run_after}; }

 protected:
  TriggerTimetable(std::unique_ptr<const Boundaries> ticks, Delta interval)
      : ticks_(std::move(ticks)), interval_(interval) {}
  const Boundaries& ticks() const { return *ticks_; }
  virtual std::optional<Time> first_run(Time now) const = 0;
  /// @param last  the tick of the run before.
  std::optional<Time> next_tick(std::optional<Time> last, const Restriction& restriction, Time now) const;

 private:
  std::unique_ptr<const Boundaries> ticks_;
  Delta interval_;
};

class CronTriggerTimetable final : public TriggerTimetable {
 public:
  CronTriggerTimetable(CronBoundaries ticks, Delta interval, RunImmediately immediately)
      : TriggerTimetable(std::make_unique<CronBoundaries>(ticks), interval),
        summary_(ticks.expression()),
        immediately_(immediately) {}
  std::string summary() const override { return summary_; }
  std::optional<Time> tick_after(Time time) const override { return ticks().next(time); }

 private:
  std::optional<Time> first_run(Time now) const override { return first_tick(ticks(), immediately_, now); }
  std::string summary_;
  RunImmediately immediately_;
};

class DeltaTriggerTimetable final : public TriggerTimetable {
 public:
  DeltaTriggerTimetable(Delta delta, Delta interval)
      : TriggerTimetable(std::make_unique<DeltaBoundaries>(delta), interval), summary_(delta.text()) {}
  std::string summary() const override { return summary_; }

 private:
  std::optional<Time> first_run(Time now) const override { return now; }
  std::string summary_;
};

/// Several cron expressions; one run where two of them tick together.
class MultipleCronTriggerTimetable final : public Timetable {
 public:
  explicit MultipleCronTriggerTimetable(std::vector<std::unique_ptr<const CronTriggerTimetable>> parts)
      : parts_(std::move(parts)) {}
  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override;
  DataInterval manual_interval(Time run_after) const override {
    return parts_.front()->manual_interval(run_after);
  }
  std::string summary() const override;

 private:
  std::vector<std::unique_ptr<const CronTriggerTimetable>> parts_;
};

}  // namespace leoflow::dag
