#include "dag/local_time.hpp"

#include <absl/time/time.h>
#include <fmt/format.h>

namespace leoflow::dag {
namespace {

const absl::TimeZone& zone_of(const std::shared_ptr<const void>& zone) {
  return *static_cast<const absl::TimeZone*>(zone.get());
}

}  // namespace

Result<TimeZone> TimeZone::by_name(std::string_view name) {
  if (name == "UTC") return utc();
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) {
    return fail(ErrorCode::invalid, fmt::format("time zone '{}' is unknown", name));
  }
  return TimeZone(std::string(name), std::make_shared<const absl::TimeZone>(zone), std::chrono::seconds{0});
}

TimeZone TimeZone::fixed(std::chrono::seconds offset) {
  if (offset.count() == 0) return {"UTC", nullptr, offset};
  const auto minutes = std::chrono::abs(std::chrono::duration_cast<std::chrono::minutes>(offset)).count();
  return {fmt::format("{}{:02}:{:02}", offset.count() < 0 ? '-' : '+', minutes / 60, minutes % 60), nullptr,
          offset};
}

WallTime TimeZone::to_wall(Time time) const {
  if (zone_ == nullptr) return WallTime{time.time_since_epoch() + offset_};
  const auto info = zone_of(zone_).At(absl::FromUnixMicros(to_micros(time)));
  return WallTime{time.time_since_epoch() + std::chrono::seconds{info.offset}};
}

Time TimeZone::to_utc(WallTime wall) const {
  const Duration since_epoch = wall.time_since_epoch();
  if (zone_ == nullptr) return Time{since_epoch - offset_};
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto info = zone_of(zone_).At(absl::CivilSecond(1970, 1, 1) + whole.count());
  const bool is_repeated = info.kind == absl::TimeZone::TimeInfo::REPEATED;
  return from_micros(absl::ToUnixMicros(is_repeated ? info.post : info.pre)) + (since_epoch - whole);
}

}  // namespace leoflow::dag
