#include "dag/read_zone.hpp"

namespace leoflow::dag {

Result<TimeZone> read_zone(const json::value& fields) {
  const json::value* zone = find(fields, "timezone");
  if (zone == nullptr || zone->is_null()) return TimeZone::utc();
  if (zone->is_string()) return TimeZone::by_name(zone->get_string());
  if (zone->is_number()) return TimeZone::fixed(std::chrono::seconds{zone->to_number<std::int64_t>()});
  return fail(ErrorCode::invalid, "a timezone must be a name or an offset in seconds");
}

}  // namespace leoflow::dag
