#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/variables.hpp"

namespace leoflow::fleet {

/// That logs are kept in an object store.
struct RemoteLogs {
  std::string url;             ///< "s3://bucket/prefix": below it they are laid out as Airflow does
  bool deletes_local = false;  ///< whether the leader's own file goes once the log is stored
};

/// Reads it from Airflow's settings: [logging] remote_logging, remote_base_log_folder, delete_local_logs.
/// Nothing if logs are kept in a folder. Errors: invalid, naming the variable and what it is set to.
Result<std::optional<RemoteLogs>> read_remote_logs(const Variables& variables);

}  // namespace leoflow::fleet
