#include "fleet/remote_logs.hpp"

#include <fmt/format.h>

namespace leoflow::fleet {

Result<std::optional<RemoteLogs>> read_remote_logs(const Variables& variables) {
  constexpr const char* kFolder = "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER";
  constexpr const char* kConnection = "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID";
  bool is_remote = false;
  if (auto read = read_switch(variables, "AIRFLOW__LOGGING__REMOTE_LOGGING", is_remote); !read)
    return std::unexpected(read.error());
  if (!is_remote) return std::nullopt;
  RemoteLogs out{.url = variables(kFolder)};
  if (auto read = read_switch(variables, "AIRFLOW__LOGGING__DELETE_LOCAL_LOGS", out.deletes_local); !read)
    return std::unexpected(read.error());
  if (!out.url.starts_with("s3://") && !out.url.starts_with("gs://")) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{}={} is not s3://bucket/prefix or gs://bucket/prefix: logs are kept nowhere else",
                    kFolder, out.url));
  }
  if (const std::string connection = variables(kConnection); !connection.empty()) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{}={} is not possible: the server asks the store as itself, with the credentials of "
                    "its environment",
                    kConnection, connection));
  }
  return out;
}

}  // namespace leoflow::fleet
