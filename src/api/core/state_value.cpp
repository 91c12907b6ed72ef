#include "api/core/state_value.hpp"

#include <fmt/format.h>

namespace leoflow::api {

namespace {

// Airflow's default.
constexpr std::size_t kMaxBytes = 65'535;

Answer refused(std::string_view reason, const json::value& value) {
  wire::Problems problems;
  problems.add(wire::Location(wire::Location("body"), "value"), "value_error",
               fmt::format("Value error, {}", reason), value, {{"error", json::object()}});
  return unprocessable(problems);
}

}  // namespace

std::optional<Answer> check_state_value(const json::value& value) {
  if (value.is_null()) return refused("value cannot be null", value);
  if (json::serialize(value).size() > kMaxBytes) {
    return refused(fmt::format("value exceeds max_value_storage_bytes ({})", kMaxBytes), value);
  }
  return std::nullopt;
}

}  // namespace leoflow::api
