#pragma once

#include "base/json.hpp"
#include "dag/local_time.hpp"

namespace leoflow::dag {

/// Reads the `timezone` of serialized fields: a name, an offset in seconds, or UTC if there is none.
/// Errors: invalid.
Result<TimeZone> read_zone(const json::value& fields);

}  // namespace leoflow::dag
