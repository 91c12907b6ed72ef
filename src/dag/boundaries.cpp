#include "dag/boundaries.hpp"

namespace leoflow::dag {

std::optional<Time> CronBoundaries::next(Time after) const {
  const WallTime wall = zone_.to_wall(after);
  const auto found = cron_.next(wall);
  if (!found) return std::nullopt;
  return cron_.covers_every_hour() ? after + (*found - wall) : zone_.to_utc(*found);
}

std::optional<Time> CronBoundaries::previous(Time before) const {
  const WallTime wall = zone_.to_wall(before);
  const auto found = cron_.previous(wall);
  if (!found) return std::nullopt;
  return cron_.covers_every_hour() ? before - (wall - *found) : zone_.to_utc(*found);
}

std::optional<Time> CronBoundaries::align_to_next(Time time) const {
  const auto after = next(time);
  if (!after) return std::nullopt;
  return previous(*after) == time ? time : after;
}

std::optional<Time> CronBoundaries::align_to_previous(Time time) const {
  const auto before = previous(time);
  if (!before) return std::nullopt;
  return next(*before) == time ? time : before;
}

}  // namespace leoflow::dag
