#pragma once

#include "dag/partition_mapper.hpp"
#include "dag/time_format.hpp"
#include "dag/timetable_trigger.hpp"
#include "dag/timetable_trivial.hpp"

namespace leoflow::dag {

/// A run for a partition at each tick of a cron expression.
/// Source: Airflow 3.3.2, airflow.timetables.trigger.CronPartitionTimetable.
class CronPartitionTimetable final : public TriggerTimetable {
 public:
  /// @param offset  by so many ticks the partition is later than its run.
  CronPartitionTimetable(CronBoundaries ticks, TimeZone zone, RunImmediately immediately, int offset,
                         TimeFormat key_format)
      : TriggerTimetable(std::make_unique<CronBoundaries>(ticks), Delta{}),
        summary_(ticks.expression()),
        zone_(std::move(zone)),
        immediately_(immediately),
        offset_(offset),
        key_format_(std::move(key_format)) {}

  std::optional<RunInfo> next(const std::optional<RunInfo>& last, const Restriction& restriction,
                              Time now) const override;
  std::string summary() const override { return summary_; }
  bool partitioned() const override { return true; }
  Result<std::optional<Time>> partition_date(const std::string& key) const override;
  Time localize(Time time) const override { return zone_.to_utc(WallTime{time.time_since_epoch()}); }
  std::vector<RunInfo> partitions_between(Time from, Time to, std::size_t most) const override;

 private:
  std::optional<Time> first_run(Time now) const override { return first_tick(ticks(), immediately_, now); }
  std::string key_of(Time date) const;

  std::string summary_;
  TimeZone zone_;
  RunImmediately immediately_;
  int offset_;
  TimeFormat key_format_;
};

/// A run for a partition when the assets have what it needs.
class PartitionedAssetTimetable final : public AssetTriggeredTimetable {
 public:
  PartitionedAssetTimetable(const AssetCondition& condition, Partitioning partitioning)
      : condition_(condition), partitioning_(std::move(partitioning)) {}

  std::string summary() const override { return "Partitioned Asset"; }
  bool partitioned() const override { return true; }
  const Partitioning* partitioning() const override { return &partitioning_; }
  Result<std::optional<Time>> partition_date(const std::string& key) const override;

 private:
  AssetCondition condition_;
  Partitioning partitioning_;
};

/// Never by itself; its tasks say which partitions they made.
class PartitionedAtRuntime final : public NullTimetable {
 public:
  std::string summary() const override { return "PartitionedAtRuntime"; }
  std::string description() const override { return "Never, partition key(s) set at runtime"; }
  bool partitioned_at_runtime() const override { return true; }
};

}  // namespace leoflow::dag
