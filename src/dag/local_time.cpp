#include "dag/local_time.hpp"

#include <date/tz.h>
#include <fmt/format.h>

namespace leoflow::dag {
namespace {

const date::time_zone& zone_of(const void* zone) {
  return *static_cast<const date::time_zone*>(zone);
}

}  // namespace

Result<TimeZone> TimeZone::by_name(std::string_view name) {
  if (name == "UTC") return utc();
  try {
    const date::time_zone* zone = date::locate_zone(std::string(name));
    return TimeZone(std::string(name), zone, std::chrono::seconds{0});
  } catch (const std::runtime_error&) {
    return fail(ErrorCode::invalid, fmt::format("time zone '{}' is unknown", name));
  }
}

TimeZone TimeZone::fixed(std::chrono::seconds offset) {
  if (offset.count() == 0) return {"UTC", nullptr, offset};
  const auto minutes = std::chrono::abs(std::chrono::duration_cast<std::chrono::minutes>(offset)).count();
  return {fmt::format("{}{:02}:{:02}", offset.count() < 0 ? '-' : '+', minutes / 60, minutes % 60), nullptr,
          offset};
}

WallTime TimeZone::to_wall(Time time) const {
  if (zone_ == nullptr) return WallTime{time.time_since_epoch() + offset_};
  const auto info = zone_of(zone_).get_info(date::sys_time<Duration>{time.time_since_epoch()});
  return WallTime{time.time_since_epoch() + info.offset};
}

Time TimeZone::to_utc(WallTime wall) const {
  const Duration since_epoch = wall.time_since_epoch();
  if (zone_ == nullptr) return Time{since_epoch - offset_};
  const auto info = zone_of(zone_).get_info(date::local_time<Duration>{since_epoch});
  const auto& chosen = info.result == date::local_info::ambiguous ? info.second : info.first;
  return Time{since_epoch - chosen.offset};
}

}  // namespace leoflow::dag
