#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/call.hpp"
#include "api/core/select.hpp"
#include "gen/types.hpp"

/// Reading of DAG run and task instance rows, shared by lists and details.
namespace leoflow::api {

/// Columns and tables for run_from(): dag_run r, dag d, dag_version v.
extern const std::string_view kRunColumns;
extern const std::string_view kRunTables;
gen::DAGRunResponse run_from(store::Row row);

/// Errors: not_found in Airflow's words.
Result<gen::DAGRunResponse> read_run(store::Session& session, std::string_view dag_id,
                                     std::string_view run_id);
Result<void> require_run(store::Session& session, std::string_view dag_id, std::string_view run_id);
/// Nothing if there is no such run.
std::optional<std::string> find_run_state(store::Session& session, std::string_view dag_id,
                                          std::string_view run_id);

/// Columns and tables for task_from(): task_instance t, dag_run r, dag d, dag_version v, rendered_fields f,
/// deferral p. The executor_config is not in them: see executor_config.hpp.
extern const std::string_view kTaskColumns;
extern const std::string_view kTaskTables;
gen::TaskInstanceResponse task_from(store::Row row);

/// Whose tasks these are, until a worker tells.
const std::string& server_user();

/// Seconds, if both ends are known.
std::optional<double> seconds_between(const std::optional<Time>& start, const std::optional<Time>& end);

}  // namespace leoflow::api
