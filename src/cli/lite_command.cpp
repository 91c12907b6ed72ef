#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "app/worker_sources.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/outside_cluster.hpp"
#include "cli/pod_options.hpp"
#include "cli/secret_keys.hpp"
#include "cli/secret_scope.hpp"
#include "cli/server_variables.hpp"
#include "cli/serving.hpp"
#include "lite/home_lock.hpp"
#include "lite/image_recipe.hpp"
#include "lite/setup.hpp"
#include "lite/starter.hpp"
#include "lite/token_keys.hpp"
#include "store/migrator.hpp"

namespace leoflow::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kGrpcAbove = 1011;
constexpr int kMetricsAbove = 1010;

struct LiteOptions {
  std::string path;
  std::string executor;  ///< "" for what config.yaml says
  int port = 0;
  std::string host = "127.0.0.1";
  int slots = 0;
  std::string database_url;
  std::string secrets = "permissive";
  bool fresh = false;
};

/// The folder of DAG files that the command names; empty if it names none.
fs::path named_folder(const LiteOptions& options) {
  if (options.path.empty()) return {};
  const fs::path path = fs::absolute(options.path).lexically_normal();
  if (!fs::is_directory(path)) throw Exit{3, fmt::format("'{}' is not a folder", options.path)};
  return path.has_filename() ? path : path.parent_path();
}

/// The workspace with a starter project, for those who name no folder.
fs::path own_workspace(const lite::Config& config) {
  const fs::path workspace = config.workspace;
  if (lite::make_starter_project(workspace)) {
    fmt::print(stderr, "made a starter project in {}\n", (workspace / "hello").string());
  }
  return workspace;
}

constexpr std::array<const char*, 4> kExecutors = {"auto", "subprocess", "stock", "k3d"};

std::string chosen_executor(const LiteOptions& options, const lite::Config& config) {
  if (!options.executor.empty()) return options.executor;
  if (std::ranges::find(kExecutors, config.lite_executor) != kExecutors.end()) return config.lite_executor;
  throw Exit{2, fmt::format("config.yaml: lite_executor is '{}', not one of auto, subprocess, stock, k3d",
                            config.lite_executor)};
}

/// Whether tasks run in pods. "auto" does where somebody has provisioned the cluster, and says what it took.
bool takes_pods(const std::string& wanted) {
  if (wanted != "auto") return wanted == "k3d";
  const auto exists = k3d::Cluster(kLiteCluster).exists();
  const bool is_there = exists && *exists;
  if (!exists && exists.error().code != ErrorCode::not_found)
    fmt::print(stderr, "warning: {}\n", exists.error().message);
  fmt::print(stderr, "executor: {}\n",
             is_there ? "k3d" : "subprocess (`leoflow lite provision` gets what pods in k3d take)");
  return is_there;
}

app::LivePods live_pods(const lite::Home& home, int grpc_port, int slots) {
  const k3d::Cluster cluster(kLiteCluster);
  OutsideCluster outside =
      enter_cluster(cluster, home.agent(), grpc_port, "`leoflow lite provision` makes it");
  read_airflow_pod_settings(environment_variable(kPodTemplate), outside.kubernetes);
  if (slots > 0) outside.kubernetes.parallelism = slots;
  const std::string templates = environment_variable(kPodTemplates);
  if (!templates.empty()) outside.kubernetes.template_folder = fs::absolute(templates).string();
  return {.kubernetes = std::move(outside.kubernetes),
          .cluster = cluster.name(),
          .task_image = task_image_of(home),
          .base_image = environment_variable(lite::kBaseImage),
          .certificate_file = outside.certificate.certificate,
          .key_file = outside.certificate.key};
}

/// What the command and Airflow's settings say, to be refused before anything is set up.
app::ServerConfig asked_config(const LiteOptions& options) {
  value_or_exit(refuse_variables(environment_variable, {"LEOFLOW_DATABASE_URL"},
                                 "Lite takes its database from --database-url alone: unset it"));
  app::ServerConfig out;
  out.api = value_or_exit(api::read_settings(environment_variable, {.instance_name = "Leoflow Lite"}));
  out.edition = "lite";
  out.secret_scope = secret_scope_of(options.secrets);
  app::LiveConfig live;
  live.bundles = value_or_exit(
      lite::read_bundle_configs(environment_variable("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST")));
  live.workspace = named_folder(options).string();
  live.slots = options.slots > 0 ? options.slots : read_parallelism(0);
  out.dags = std::move(live);
  value_or_exit(
      read_whole_number(environment_variable, "AIRFLOW__CORE__MAX_MAP_LENGTH", 1, out.max_map_length));
  value_or_exit(
      read_switch(environment_variable, "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", out.use_job_schedule));
  return out;
}

/// Adds to `live` what is in Lite's home.
void add_live_files(app::LiveConfig& live, const lite::Home& home, const lite::SetupResult& setup) {
  if (live.workspace.empty()) live.workspace = own_workspace(setup.config).string();
  live.bundles_folder = home.bundles().string();
  live.agent_folder = home.agent().string();
  live.agent_program = (fs::path(executable_path()).parent_path() / "leoflow-agent").string();
  live.agent_token = setup.config.agent_token;
  live.python = setup.python.python;
  live.python_version = lite::minor_version_of(live.python);
  live.worker_path = app::unpack_worker_sources(home.worker_sources()).string();
  live.parser_version = fmt::format("{} {} {} {}", LEOFLOW_VERSION, join(lite::pinned_packages(), " "),
                                    live.python_version, live.worker_path);
}

/// Adds to `out` what Lite's home says, and the cluster where tasks run in pods.
void add_home(app::ServerConfig& out, const LiteOptions& options, const lite::Home& home,
              const lite::SetupResult& setup) {
  const lite::Config& config = setup.config;
  out.database_url =
      options.database_url.empty() ? "sqlite:///" + home.database_file().string() : options.database_url;
  const int port = options.port != 0 ? options.port : config.lite_port;
  out.http = {options.host, port};
  out.grpc.port = port + kGrpcAbove;
  out.metrics = {options.host, port + kMetricsAbove};
  out.jwt = [keys = std::make_shared<lite::TokenKeys>(home)] { return keys->current(); };
  out.secret_keys = {key_from_hex(config.secret_key, "config.yaml: secret_key")};
  out.admin_email = config.admin_email;
  out.admin_password_hash = config.admin_password_hash;
  out.logs_folder = home.logs().string();
  out.airflow_folder = setup.python.airflow_folder;
  auto& live = std::get<app::LiveConfig>(out.dags);
  add_live_files(live, home, setup);
  const std::string executor = chosen_executor(options, config);
  live.stock_workers = executor == "stock";
  if (takes_pods(executor)) {
    live.pods = live_pods(home, out.grpc.port, options.slots);
    // Pods are in a network of Docker's.
    out.grpc.host = "0.0.0.0";
  } else {
    // How pods reach this machine may be said of a demo beside this.
    value_or_exit(refuse_variables(environment_variable, {kPodTemplates},
                                   "no task runs in a pod here: unset it, or give --executor=k3d"));
  }
}

void reset_database(const std::string& url) {
  const auto database = value_or_exit(store::Database::open(url));
  value_or_exit(store::Migrator(*database).reset());
  fmt::print(stderr, "the database is empty: {}\n", database->description());
}

void run_lite(const LiteOptions& options) {
  app::ServerConfig config = asked_config(options);
  const lite::Home home = lite::Home::from_environment();
  const auto setup =
      value_or_exit(lite::set_up(home, {}, [](std::string_view line) { fmt::print(stderr, "{}\n", line); }));
  add_home(config, options, home, setup);
  const lite::HomeLock lock = value_or_exit(lite::HomeLock::take(home));
  if (options.fresh) reset_database(config.database_url);
  if (options.host != "127.0.0.1" && options.host != "localhost") {
    fmt::print(stderr,
               "warning: Lite runs user code unsandboxed and listens on {}: for trusted networks only\n",
               options.host);
  }
  serve(config, [&] {
    fmt::print("\nLeoflow Lite is ready\n  URL        http://{}:{}\n  login      {}\n  workspace  {}\n",
               options.host == "0.0.0.0" ? "localhost" : options.host, config.http.port, config.admin_email,
               std::get<app::LiveConfig>(config.dags).workspace);
    if (setup.new_password) fmt::print("  password   {}   (shown once)\n", *setup.new_password);
    fmt::print("\nCtrl-C stops it.\n");
  });
}

void reset_password() {
  const char* given = std::getenv("LEOFLOW_ADMIN_PASSWORD");
  const bool has_one = given != nullptr && *given != '\0';
  const std::string password = value_or_exit(lite::reset_password(
      lite::Home::from_environment(), has_one ? std::optional<std::string>(given) : std::nullopt));
  if (!has_one) fmt::print("new password: {}\n", password);
  fmt::print("It holds from the next start of `leoflow lite` on.\n");
}

}  // namespace

void add_lite(CLI::App& app) {
  auto options = std::make_shared<LiteOptions>();
  CLI::App* lite = app.add_subcommand("lite", "Run Leoflow Lite: a project's DAGs, live, on this machine");
  lite->add_option(
      "path", options->path,
      "A project (dag.py), a folder of projects, or an Airflow dags folder (default: the workspace)");
  lite->add_option("--executor", options->executor,
                   "How tasks run: auto (in pods if `leoflow lite provision` was run), subprocess (forked "
                   "from a warm Python), stock (a worker process of "
                   "Airflow's own for each) or k3d (a pod for each)")
      ->check(CLI::IsMember(std::vector<std::string>(kExecutors.begin(), kExecutors.end())));
  lite->add_option("--port", options->port, "HTTP port (default 8088); gRPC is 1011 above it, metrics 1010")
      ->check(CLI::Range(1, 64500));
  lite->add_option("--host", options->host, "Address to listen on")->capture_default_str();
  lite->add_option("--slots", options->slots,
                   "Tasks at once [AIRFLOW__CORE__PARALLELISM, else four for each core]")
      ->check(CLI::Range(1, 100000));
  lite->add_option("--database-url", options->database_url,
                   "postgresql://… or sqlite:///… instead of Lite's own file");
  add_secrets_option(*lite, options->secrets);
  lite->add_flag("--fresh", options->fresh, "Start with an empty database");
  lite->footer(
      "Examples:\n  leoflow lite dags/hello\n  leoflow lite --port 9000 ~/airflow/dags\n"
      "  leoflow lite --database-url postgresql://me@localhost/leoflow_dev\n\n"
      "Plugins are in the folder 'plugins' of the path, or beside it (or AIRFLOW__CORE__PLUGINS_FOLDER).\n"
      "More folders and git repositories: AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST, as in Airflow.\n"
      "Only runs by hand: AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE=False, as in Airflow.");
  CLI::App* reset = lite->add_subcommand("reset-password", "Give the admin a new password and show it once");
  reset->footer(
      "The password is taken from LEOFLOW_ADMIN_PASSWORD if that is set.\nExample:\n"
      "  leoflow lite reset-password");
  reset->callback([] { reset_password(); });
  add_rotate_token_key(*lite);
  add_provision(*lite);
  lite->callback([options, lite] {
    if (!lite->get_subcommands().empty()) return;
    refuse_server_variables(*lite->get_parent());
    run_lite(*options);
  });
}

}  // namespace leoflow::cli
