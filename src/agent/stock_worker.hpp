#pragma once

#include <map>
#include <string>
#include <sys/types.h>

#include "agent/python_process.hpp"
#include "base/result.hpp"

namespace leoflow::agent {

/// Starts a worker process of Airflow's own for one workload, in a session of its own. What it logs of itself
/// is dropped, as it repeats the task's log; what it writes to standard error goes where ours goes.
/// @param workload  JSON of Airflow's ExecuteTask. It holds a token, so it is in no argument and no file.
/// Errors: unavailable (no memory, no processes, no descriptors).
Result<pid_t> start_stock_worker(const PythonOptions& options,
                                 const std::map<std::string, std::string>& environment,
                                 const std::string& workload);

/// SIGKILL for every process of a session.
void kill_session(pid_t leader);

}  // namespace leoflow::agent
