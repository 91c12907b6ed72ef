#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <stdlib.h>
#include <thread>

#include "auth/passwords.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "cli/commands.hpp"
#include "cli/consent.hpp"
#include "cli/exit.hpp"
#include "cli/outside_cluster.hpp"
#include "cli/secret_scope.hpp"
#include "cli/server_options.hpp"
#include "cli/serving.hpp"
#include "lite/setup.hpp"

namespace leoflow::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCluster = "leoflow-demo";
constexpr const char* kContainer = "leoflow-demo-postgres";
constexpr const char* kVolume = "leoflow-demo-postgres";
constexpr const char* kDatabaseImage = "docker.io/library/postgres:17-alpine";
constexpr int kDatabasePort = 5433;  // beside a PostgreSQL of the machine's own

struct DemoOptions {
  ServerOptions server;
  Consent consent;
};

/// What a demo keeps to itself, made once; readable by its owner only.
struct Secrets {
  std::string jwt_secret;
  std::string secret_key;
  std::string password;           ///< of the admin
  std::string database_password;  ///< of the container
};

fs::path folder() {
  return lite::Home::from_environment().root() / "demo";
}

Secrets keep_secrets() {
  const std::string file = (folder() / "secrets.json").string();
  if (const auto text = read_file(file)) {
    const auto known = parse_json(*text);
    if (!known || !known->is_object())
      throw Exit{2, fmt::format("'{}' is not JSON: delete it, or mend it", file)};
    return {get_text(*known, "jwt_secret"), get_text(*known, "secret_key"), get_text(*known, "password"),
            get_text(*known, "database_password")};
  }
  std::error_code trouble;
  if (fs::exists(file, trouble) || trouble)
    throw Exit{6, fmt::format("'{}' cannot be read: give it back to whoever runs the demo", file)};
  const Secrets made{random_hex(32), random_hex(32), auth::random_password(), random_hex(16)};
  fs::create_directories(folder());
  write_file_atomically(file,
                        json::serialize(json::object{{"jwt_secret", made.jwt_secret},
                                                     {"secret_key", made.secret_key},
                                                     {"password", made.password},
                                                     {"database_password", made.database_password}}),
                        0600);
  return made;
}

bool has_container(bool must_run) {
  const auto told = run_program({"docker", "inspect", "--format", "{{.State.Running}}", kContainer});
  return told && told->exit_code == 0 && (!must_run || trim(told->output) == "true");
}

Result<void> start_database(const std::string& password, const k3d::Lines& on_line) {
  if (has_container(false)) return have_run({"docker", "start", kContainer}, on_line);
  // By the environment: a list of processes shows arguments to everybody.
  ::setenv("POSTGRES_PASSWORD", password.c_str(), 1);
  return have_run({"docker", "run", "--detach", "--name", kContainer, "--env", "POSTGRES_PASSWORD", "--env",
                   "POSTGRES_USER=leoflow", "--env", "POSTGRES_DB=leoflow", "--publish",
                   fmt::format("127.0.0.1:{}:5432", kDatabasePort), "--volume",
                   fmt::format("{}:/var/lib/postgresql/data", kVolume), kDatabaseImage},
                  on_line);
}

/// By its network: while it makes its database it only answers inside.
Result<void> await_database(const k3d::Lines& on_line) {
  constexpr int kTries = 60;
  Result<void> ready;
  for (int i = 0; i < kTries; ++i) {
    ready = have_run(
        {"docker", "exec", kContainer, "pg_isready", "--host", "127.0.0.1", "--username", "leoflow"}, {});
    if (ready) return ready;
    std::this_thread::sleep_for(std::chrono::seconds{1});
  }
  on_line(fmt::format("`docker logs {}` may say why", kContainer));
  return ready;
}

k3d::Step database_step(const std::string& password) {
  return {fmt::format("run the database in the container '{}'", kContainer),
          [password](const k3d::Lines& on_line) -> Result<void> {
            if (auto started = start_database(password, on_line); !started) return started;
            return await_database(on_line);
          }};
}

void set_unless_set(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 0);
}

void up(DemoOptions options) {
  value_or_exit(
      refuse_variables(environment_variable,
                       {"LEOFLOW_SERVER_ROLE", "LEOFLOW_SERVER_ADVERTISE_ADDR",
                        "LEOFLOW_SERVER_GRPC_TLS_CERT", "LEOFLOW_SERVER_GRPC_TLS_KEY",
                        "LEOFLOW_SERVER_GRPC_CLIENT_CA", "LEOFLOW_UI_EDITION", "LEOFLOW_LOGS_DIR",
                        "LEOFLOW_INSTANCE", "LEOFLOW_EXECUTOR_KUBECONFIG", "LEOFLOW_EXECUTOR_TASK_NAMESPACE",
                        "LEOFLOW_EXECUTOR_AGENT_TLS_CA_CONFIGMAP", "LEOFLOW_EXECUTOR_AGENT_TLS_SECRET"},
                       "a demo decides that itself: unset it, or take `leoflow server`"));
  const lite::Home home = lite::Home::from_environment();
  const k3d::Cluster cluster(kCluster);
  k3d::Plan plan = k3d::plan_cluster(cluster, task_image_of(home));
  const bool has_own_database = !options.server.database_url.empty();
  if (options.consent.dry_run) {
    if (!has_own_database && !has_container(true)) plan.steps.push_back(database_step(""));
    return carry_out(plan, options.consent);
  }
  const Secrets secrets = keep_secrets();
  ServerOptions& server = options.server;
  if (!has_own_database) {
    server.database_url = fmt::format("postgresql://leoflow:{}@127.0.0.1:{}/leoflow?connect_timeout=60",
                                      secrets.database_password, kDatabasePort);
    if (!has_container(true)) plan.steps.push_back(database_step(secrets.database_password));
  }
  set_unless_set("LEOFLOW_AUTH_JWT_SECRET", secrets.jwt_secret);
  set_unless_set("LEOFLOW_SECRET_KEY", secrets.secret_key);
  if (environment_variable("LEOFLOW_BOOTSTRAP_PASSWORD_HASH").empty())
    set_unless_set("LEOFLOW_BOOTSTRAP_PASSWORD", secrets.password);
  asked_config(server);
  carry_out(plan, options.consent);

  const OutsideCluster outside = enter_cluster(cluster, folder(), address_of(server.grpc, "--grpc-addr").port,
                                               "`leoflow demo up` makes it");
  const std::string kubeconfig = (folder() / "kubeconfig").string();
  write_file_atomically(kubeconfig, value_or_exit(cluster.kubeconfig()), 0600);
  server.kubeconfig = kubeconfig;
  server.name_space = outside.kubernetes.name_space;
  server.instance = outside.kubernetes.instance;
  server.control_plane = outside.kubernetes.control_plane;
  server.ca_config_map = outside.kubernetes.ca_config_map;
  server.certificate_file = outside.certificate.certificate.string();
  server.key_file = outside.certificate.key.string();
  server.logs_folder = (folder() / "logs").string();
  const std::string url = fmt::format("http://localhost:{}", address_of(server.http, "--http-addr").port);
  const app::ServerConfig config = server_config(server);
  serve(config, [&] {
    fmt::print(
        "\nLeoflow is ready\n  URL       {}\n  login     {}\n  password  {}\n  cluster   {}\n\n"
        "Projects come by `leoflow compile` and `leoflow push`; docs/k3d.md has the way of their images.\n"
        "Ctrl-C stops the server; `leoflow demo down` removes cluster and database.\n",
        url, config.admin_email,
        config.admin_password.empty() ? "that of LEOFLOW_BOOTSTRAP_PASSWORD_HASH" : config.admin_password,
        kCluster);
  });
}

void down(const Consent& consent) {
  const k3d::Cluster cluster(kCluster);
  k3d::Plan plan;
  if (value_or_exit(cluster.exists())) {
    plan.steps.push_back({fmt::format("delete the cluster '{}' with all that runs in it", kCluster),
                          [cluster](const k3d::Lines& on_line) { return cluster.remove(on_line); }});
  }
  if (has_container(false)) {
    plan.steps.push_back({fmt::format("remove the container '{}' and its database", kContainer),
                          [](const k3d::Lines& on_line) -> Result<void> {
                            auto removed = have_run({"docker", "rm", "--force", kContainer}, on_line);
                            if (!removed) return removed;
                            return have_run({"docker", "volume", "rm", "--force", kVolume}, on_line);
                          }});
  }
  if (fs::exists(folder())) {
    plan.steps.push_back({fmt::format("delete {}", folder().string()), [](const k3d::Lines&) -> Result<void> {
                            fs::remove_all(folder());
                            return {};
                          }});
  }
  if (plan.steps.empty()) return fmt::print("There is no demo here.\n");
  carry_out(plan, consent);
}

void add_consent(CLI::App& command, Consent& consent) {
  command.add_flag("--yes", consent.yes, "Do not ask");
  command.add_flag("--dry-run", consent.dry_run, "Say what would be done, change nothing");
}

}  // namespace

void add_demo(CLI::App& app) {
  auto options = std::make_shared<DemoOptions>();
  options->server.http = "127.0.0.1:8080";
  options->server.metrics = "127.0.0.1:9090";
  CLI::App* demo = app.add_subcommand(
      "demo", "Run a control plane as production has it on this machine, with a cluster of k3d's");
  demo->require_subcommand(1);
  demo->footer("For those who work on Leoflow. Lite may run beside it.\nExample:\n  leoflow demo up");
  CLI::App* starting = demo->add_subcommand("up", "Get what is missing, then serve until Ctrl-C");
  const auto add = [starting](const char* name, const char* variable, std::string& into, const char* what) {
    return starting->add_option(name, into, what)->envname(variable)->capture_default_str();
  };
  add("--database-url", "LEOFLOW_DATABASE_URL", options->server.database_url,
      "postgresql://… instead of a container of its own");
  add("--http-addr", "LEOFLOW_SERVER_HTTP_ADDR", options->server.http, "Where the UI and the API answer");
  add("--grpc-addr", "LEOFLOW_SERVER_GRPC_ADDR", options->server.grpc, "Where agents connect");
  add("--metrics-addr", "LEOFLOW_SERVER_METRICS_ADDR", options->server.metrics, "Where Prometheus asks");
  add("--airflow-folder", "LEOFLOW_AIRFLOW_FOLDER", options->server.airflow_folder,
      "Folder airflow of the pinned package (default: that of `leoflow setup`)");
  add_secrets_option(*starting, options->server.secrets);
  add_pod_options(*starting, options->server.pods);
  add_consent(*starting, options->consent);
  starting->footer("Examples:\n  leoflow demo up\n  leoflow demo up --dry-run");
  starting->callback([options] { up(*options); });
  CLI::App* ending = demo->add_subcommand("down", "Remove the cluster, the database and the keys");
  add_consent(*ending, options->consent);
  ending->footer("Example:\n  leoflow demo down --yes");
  ending->callback([options] { down(options->consent); });
}

}  // namespace leoflow::cli
