#pragma once

#include <string>

namespace leoflow::tasks {

/// `dag_id=.../run_id=.../task_id=.../[map_index=N/]attempt=N.log`, Airflow's layout. An id that is
/// longer than a file's name may be ends with a digest instead.
std::string relative_log_path(const std::string& dag_id, const std::string& run_id,
                              const std::string& task_id, int map_index, int try_number);

}  // namespace leoflow::tasks
