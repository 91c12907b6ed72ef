#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/core/call.hpp"
#include "gen/types.hpp"

/// Writing notes on runs and task instances. An empty note is none, as in Airflow.
namespace leoflow::api {

Result<void> set_run_note(Call& call, const std::string& dag_id, const std::string& run_id,
                          const std::optional<std::string>& note);

/// Sets the note of each.
Result<void> set_task_notes(Call& call, const std::vector<gen::TaskInstanceResponse>& tasks,
                            const std::optional<std::string>& note);

}  // namespace leoflow::api
