#pragma once

#include <optional>

#include "dag/cron.hpp"
#include "dag/delta.hpp"

namespace leoflow::dag {

/// The instants at which a schedule ticks.
class Boundaries {
 public:
  virtual ~Boundaries() = default;
  /// First tick strictly after; nullopt if there is none.
  virtual std::optional<Time> next(Time after) const = 0;
  virtual std::optional<Time> previous(Time before) const = 0;
  /// The time itself if it is a tick, else the one after / before.
  virtual std::optional<Time> align_to_next(Time time) const = 0;
  virtual std::optional<Time> align_to_previous(Time time) const = 0;
};

/// Ticks of a cron expression in a time zone. A schedule that ticks at least
/// hourly goes on through the repeated hour of a clock change; others skip it.
class CronBoundaries final : public Boundaries {
 public:
  CronBoundaries(Cron cron, TimeZone zone) : cron_(std::move(cron)), zone_(std::move(zone)) {}

  std::optional<Time> next(Time after) const override;
  std::optional<Time> previous(Time before) const override;
  std::optional<Time> align_to_next(Time time) const override;
  std::optional<Time> align_to_previous(Time time) const override;
  const std::string& expression() const { return cron_.expression(); }

 private:
  Cron cron_;
  TimeZone zone_;
};

/// Ticks that have no fixed grid: any instant is one.
class DeltaBoundaries final : public Boundaries {
 public:
  explicit DeltaBoundaries(Delta delta) : delta_(delta) {}

  std::optional<Time> next(Time after) const override { return after + delta_; }
  std::optional<Time> previous(Time before) const override { return before - delta_; }
  std::optional<Time> align_to_next(Time time) const override { return time; }
  std::optional<Time> align_to_previous(Time time) const override { return time; }
  const Delta& delta() const { return delta_; }

 private:
  Delta delta_;
};

}  // namespace leoflow::dag
