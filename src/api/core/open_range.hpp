#pragma once

#include <string_view>

#include "api/core/select.hpp"

namespace leoflow::api {

/// Bounds of a time that may be still to come. What has not begun or ended will do so later: it is beyond
/// every lower bound, and within an upper bound that lies in the future. Source: Airflow 3.3.2,
/// NullableDatetimeRangeFilter.
void filter_open_range(Select& select, std::string_view column, const Range<Time>& range, Time now);

}  // namespace leoflow::api
