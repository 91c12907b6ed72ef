#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/core/settings.hpp"
#include "auth/jwt.hpp"
#include "base/result.hpp"
#include "lite/bundle_config.hpp"

namespace leoflow::app {

/// All that a control plane process needs to know. Constant once it runs.
struct ServerConfig {
  std::string database_url;
  std::string host = "127.0.0.1";
  int http_port = 8088;
  int grpc_port = 9099;
  int metrics_port = 9098;

  api::Settings api;
  std::string edition;  ///< "lite", "pro" or ""
  auth::JwtSource jwt;
  std::string secret_key;  ///< 32 bytes
  std::string agent_token;
  std::string admin_email;  ///< this user exists with this password, or nobody is made
  std::string admin_password_hash;

  std::string workspace;                    ///< absolute folder of DAG files
  std::vector<lite::BundleConfig> bundles;  ///< more of them
  std::string bundles_folder;
  std::string logs_folder;
  std::string agent_folder;  ///< for the agent's own files
  std::string agent_program;
  std::string python;
  std::string worker_path;
  std::string airflow_folder;          ///< site-packages/airflow of the Python environment
  std::string parser_version;          ///< changes whenever files must be parsed again
  int slots = 0;                       ///< 0: the agent's default
  std::int64_t max_map_length = 1024;  ///< most items of a value that something is mapped over
  bool use_job_schedule = true;        ///< whether schedules and assets make runs
  bool stock_workers = false;          ///< tasks run in workers of Airflow's own instead of the warm Python
};

/// A whole control plane with one agent on this host. start() either leaves all
/// of it running or nothing.
class Server {
 public:
  explicit Server(ServerConfig config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Errors: unavailable (a port is taken, the agent cannot start), conflict (the database is newer, ...).
  /// Throws store::Unavailable.
  Result<void> start();
  void stop();

 private:
  struct Parts;
  Result<void> open_database();
  Result<void> open_ports();
  void start_workspace();
  void start_plugins();

  const ServerConfig config_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace leoflow::app
