#pragma once

#include "api/core/select.hpp"

namespace leoflow::api {

// Filters by words that the OpenAPI files do not list: "none" finds what has no state yet.
// Errors: unprocessable, in Airflow's words, for a word that is none of them.

Result<void> filter_task_states(Select& select, const std::vector<std::string>& states);
Result<void> filter_run_states(Select& select, const std::vector<std::string>& states);
Result<void> filter_run_types(Select& select, const std::vector<std::string>& types);

/// The same check for a filter of another form.
Result<void> check_run_states(const std::vector<std::string>& states);

}  // namespace leoflow::api
