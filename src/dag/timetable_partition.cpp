#include "dag/timetable_partition.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <set>

namespace leoflow::dag {

std::string CronPartitionTimetable::key_of(Time date) const {
  const WallTime wall = zone_.to_wall(date);
  const auto offset = wall.time_since_epoch() - date.time_since_epoch();
  return key_format_.write({wall, std::chrono::duration_cast<std::chrono::seconds>(offset)});
}

std::optional<RunInfo> CronPartitionTimetable::next(const std::optional<RunInfo>& last,
                                                    const Restriction& restriction, Time now) const {
  const auto tick = next_tick(last ? std::optional(last->run_after) : std::nullopt, restriction, now);
  if (!tick || (restriction.latest && *restriction.latest < *tick)) return std::nullopt;
  std::optional<Time> date = tick;
  for (int i = 0; date && i < std::abs(offset_); ++i) {
    date = offset_ > 0 ? ticks().next(*date) : ticks().previous(*date);
  }
  if (!date) return std::nullopt;
  return RunInfo{*tick, std::nullopt, key_of(*date), date};
}

Result<std::optional<Time>> CronPartitionTimetable::partition_date(const std::string& key) const {
  const auto found = key_format_.parse(key);
  if (!found) {
    return fail(ErrorCode::invalid,
                fmt::format("Partition key '{}' does not match the timetable's key_format '{}': {}", key,
                            key_format_.text(), found.error().message));
  }
  if (found->offset) return Time{found->wall.time_since_epoch() - *found->offset};
  return zone_.to_utc(found->wall);
}

std::vector<RunInfo> CronPartitionTimetable::partitions_between(Time from, Time to, std::size_t most) const {
  std::vector<RunInfo> out;
  const Time last = localize(to);
  for (auto tick = ticks().align_to_next(localize(from)); tick && *tick <= last && out.size() < most;
       tick = ticks().next(*tick)) {
    out.push_back({*tick, std::nullopt, key_of(*tick), tick});
  }
  return out;
}

Result<std::optional<Time>> PartitionedAssetTimetable::partition_date(const std::string& key) const {
  std::set<Time> dates;
  for (const AssetLeaf* leaf : leaves_of(condition_)) {
    if (leaf->kind == AssetLeaf::Kind::alias) continue;
    const auto date = partitioning_.mapper_of(leaf->key).to_partition_date(key);
    if (!date) {
      return fail(ErrorCode::invalid,
                  fmt::format("Partition key '{}' is invalid for this timetable's mappers: {}", key,
                              date.error().message));
    }
    if (*date) dates.insert(**date);
  }
  return dates.size() == 1 ? std::optional(*dates.begin()) : std::nullopt;
}

}  // namespace leoflow::dag
