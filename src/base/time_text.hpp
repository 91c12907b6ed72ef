#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace leoflow {

/// "2026-01-31T06:00:00Z"; microseconds only when they are not zero. The form
/// of Airflow's REST API.
std::string to_iso_z(Time time);
void append_iso_z(std::string& out, Time time);

/// "2026-01-31T06:00:00+00:00": Python's isoformat(), used in run ids.
std::string to_iso_offset(Time time);

/// Parses ISO 8601 with an offset ("Z", "+02:00", "+0200") and an optional
/// fraction; a space may stand for the "T". A date or time without an offset is
/// refused, unless `assume_utc`.
/// @returns nullopt if the text is not such a time.
std::optional<Time> parse_iso(std::string_view text, bool assume_utc = false);

/// Parses an ISO 8601 duration of weeks, days, hours, minutes and seconds, the last
/// with a fraction: "P1DT2H", "PT0.5S", "-PT3S".
/// @returns nullopt if the text is not such a duration.
std::optional<Duration> parse_iso_duration(std::string_view text);

}  // namespace leoflow
