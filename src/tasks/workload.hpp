#pragma once

#include <string>

#include "engine/ports.hpp"

namespace leoflow::tasks {

/// JSON of the ExecuteTask that Airflow's executors hand to its workers.
/// @param token     of the workload (auth::TaskScope::workload).
/// @param log_path  below the worker's [logging] base_log_folder.
/// Source: Airflow 3.3.2, executors/workloads/task.py.
std::string execute_task(const engine::AttemptSpec& spec, const std::string& token,
                         const std::string& log_path);

}  // namespace leoflow::tasks
