#pragma once

#include "api/core/select.hpp"

namespace leoflow::api {

/// Of `task_instance t`, in the words of the index task_instance_by_state: so it serves.
inline constexpr std::string_view kIsUnfinished =
    "(t.state IS NULL OR (t.state <> 'success' AND t.state <> 'failed' AND t.state <> 'skipped' AND "
    "t.state <> 'upstream_failed' AND t.state <> 'removed'))";

// Filters by words that the OpenAPI files do not list: "none" finds what has no state yet.
// Errors: unprocessable, in Airflow's words, for a word that is none of them.

Result<void> filter_task_states(Select& select, const std::vector<std::string>& states);
Result<void> filter_run_states(Select& select, const std::vector<std::string>& states);
Result<void> filter_run_types(Select& select, const std::vector<std::string>& types);

/// The same check for a filter of another form.
Result<void> check_run_states(const std::vector<std::string>& states);

}  // namespace leoflow::api
