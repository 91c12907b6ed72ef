#pragma once

#include <string_view>

#include "base/result.hpp"

namespace leoflow::engine {

/// Whether somebody may give a run this id, not empty. Its logs have a folder of that name.
/// Errors: invalid, in Airflow's words where it refuses it, too.
Result<void> check_run_id(std::string_view run_id);

/// Errors: invalid, in Airflow's words.
Result<void> check_partition_length(std::string_view partition_key);

}  // namespace leoflow::engine
