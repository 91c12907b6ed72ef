#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.hpp"

namespace leoflow::api::execution {

/// A version of the Task Execution API; each is named by the day it was made.
enum class Version : std::uint8_t {
  v2025_04_11,
  v2025_04_28,
  v2025_05_20,
  v2025_08_10,
  v2025_09_23,
  v2025_10_27,
  v2025_11_05,
  v2026_04_06,
  v2026_06_30,
};

inline constexpr std::array<std::string_view, 9> kVersionNames = {
    "2025-04-11", "2025-04-28", "2025-05-20", "2025-08-10", "2025-09-23",
    "2025-10-27", "2025-11-05", "2026-04-06", "2026-06-30",
};
inline constexpr Version kOldest = Version::v2025_04_11;
inline constexpr Version kNewest = Version::v2026_06_30;

/// The version that a client of that day speaks: the newest that is not younger. Nothing if all are.
std::optional<Version> version_of(std::string_view day);

/// What an answer holds that looked different in older versions.
enum class Answered : std::uint8_t { plain, run_context, dag_run, asset_events };

/// Gives the answer the form that it had in `version`.
/// Source: Airflow 3.3.2, execution_api/versions.
void downgrade(json::value& body, Answered kind, Version version);

}  // namespace leoflow::api::execution
