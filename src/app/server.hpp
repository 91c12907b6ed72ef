#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/core/settings.hpp"
#include "auth/jwt.hpp"
#include "base/result.hpp"
#include "executor/kubernetes/settings.hpp"
#include "fleet/remote_logs.hpp"
#include "http/message.hpp"
#include "lite/bundle_config.hpp"
#include "redis/address.hpp"
#include "scheduler/start_retries.hpp"
#include "tasks/secret_rights.hpp"

namespace leoflow::app {

/// Pods of a cluster on this machine, for live files.
struct LivePods {
  executor::KubernetesSettings kubernetes;
  std::string cluster;           ///< its name, for k3d
  std::string task_image;        ///< that projects' images start from, unless they say otherwise
  std::string base_image;        ///< that all of them start from; "" for none
  std::string certificate_file;  ///< PEM: what agents are shown, and trust by itself
  std::string key_file;
};

/// Live files, and an agent on this host that parses and runs them.
struct LiveConfig {
  std::string workspace;                    ///< absolute folder of DAG files
  std::vector<lite::BundleConfig> bundles;  ///< more of them
  std::string bundles_folder;
  std::string agent_folder;  ///< for the agent's own files
  std::string agent_program;
  std::string agent_token;
  std::string python;
  std::string python_version;  ///< its minor one: "3.11"
  std::string worker_path;
  std::string parser_version;         ///< changes whenever files must be parsed again
  int slots = 0;                      ///< 0: the agent's default
  bool stock_workers = false;         ///< tasks run in workers of Airflow's own instead of the warm Python
  std::optional<LivePods> pods = {};  ///< tasks run there instead
};

/// What a replica of several does.
enum class Role {
  all,        ///< answers users, and may lead
  api,        ///< answers users
  scheduler,  ///< may lead; answers the other replicas
};

/// Pushed projects, whose tasks run in pods. Several such processes may share a database: one leads.
struct FrozenConfig {
  Role role = Role::all;
  std::string url;  ///< at which the other replicas reach this one: "http://10.0.0.7:8080"
  executor::KubernetesSettings kubernetes;
  scheduler::StartRetries start_retries;
  Duration host_idle_limit = std::chrono::minutes{2};  ///< a host without work goes after so long
  std::optional<fleet::RemoteLogs> remote_logs;        ///< nothing: logs are kept in `logs_folder`
  std::optional<redis::Address> redis;                 ///< nothing: replicas share the database alone
  std::string certificate_file;                        ///< PEM: what agents are shown
  std::string key_file;
  std::string client_ca_file;  ///< PEM: whose certificates they show; "" for none
};

struct Address {
  std::string host = "127.0.0.1";
  int port = 0;
};

/// All that a control plane process needs to know. Constant once it runs.
struct ServerConfig {
  std::string database_url;
  Address http;
  Address grpc;
  Address metrics;

  api::Settings api;
  std::string edition;  ///< "lite", "pro" or ""
  auth::JwtSource jwt;
  std::vector<std::string> secret_keys;  ///< of 32 bytes; the first seals, the others only open
  std::string admin_email;               ///< this user exists with this password, or nobody is made
  std::string admin_password_hash;
  std::string admin_password;  ///< instead of its hash

  std::string logs_folder;
  std::string airflow_folder;  ///< has what the pinned package has below airflow/: the UI
  /// What tasks may have of variables and connections.
  tasks::SecretScope secret_scope = tasks::SecretScope::permissive;
  std::int64_t max_map_length = 1024;  ///< most items of a value that something is mapped over
  bool use_job_schedule = true;        ///< whether schedules and assets make runs

  std::variant<LiveConfig, FrozenConfig> dags;
};

/// A whole control plane. start() either leaves all of it running or nothing.
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
  void put_admin();
  Result<void> open_log_store();
  void find_redis();
  void make_engine();
  Result<void> make_runner();
  Result<void> make_live_launcher(const LivePods& pods);
  void make_api();
  Result<void> open_http();
  Result<void> open_agents();
  /// What only one process on a database may do: from now on this one does it.
  Result<void> lead();
  /// This process leads but cannot say so to the database, or can again: agents are left to another one.
  Result<void> leave_agents(bool is_alone);
  http::Response answer(const http::Request& request);
  void start_workspace(const LiveConfig& live);
  void start_plugins(const LiveConfig& live);

  const ServerConfig config_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace leoflow::app
