#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>

#include "auth/passwords.hpp"
#include "auth/users.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/secret_keys.hpp"
#include "cli/serving.hpp"
#include "fleet/remote_logs.hpp"
#include "kube/access.hpp"
#include "kube/pod_file.hpp"
#include "lite/config.hpp"
#include "lite/python_environment.hpp"

namespace leoflow::cli {
namespace {

constexpr std::size_t kShortestJwtSecret = 32;

struct ServerOptions {
  std::string database_url;
  std::string http = "0.0.0.0:8080";
  std::string grpc = "0.0.0.0:9091";
  std::string metrics = "0.0.0.0:9090";
  std::string certificate_file;
  std::string key_file;
  std::string role = "all";
  std::string secrets = "declared";
  std::string advertise;
  std::string edition;
  std::string logs_folder = "/var/log/leoflow";
  std::string airflow_folder;
  std::string kubeconfig;
  std::string name_space;
  std::string service_account;
  std::string control_plane;
  std::string ca_config_map;
  std::string instance = "leoflow";
  std::string pod_template;
  std::string template_folder;
  int start_retries = 3;
  int start_retry_delay = 10;
};

/// "host:port". Ends the command if it is none.
app::Address address_of(const std::string& text, std::string_view option) {
  const auto colon = text.rfind(':');
  app::Address out;
  if (colon != std::string::npos) {
    out.host = text.substr(0, colon);
    const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), out.port);
    if (error != std::errc{} || end != text.data() + text.size()) out.port = 0;
  }
  if (out.host.empty() || out.port < 1 || out.port > 65535)
    throw Exit{2, fmt::format("{} is '{}', not an address such as 0.0.0.0:8080", option, text)};
  return out;
}

/// How other replicas reach this one.
std::string own_url(const ServerOptions& options, const app::Address& http) {
  if (!options.advertise.empty()) {
    address_of(options.advertise, "--advertise-addr");
    return "http://" + options.advertise;
  }
  const bool is_everywhere = http.host == "0.0.0.0" || http.host == "[::]";
  return fmt::format("http://{}:{}", is_everywhere ? host_name() : http.host, http.port);
}

/// What must not be seen in a list of processes. Ends the command if it is not set.
std::string secret(const char* name, std::string_view what) {
  std::string value = environment_variable(name);
  if (value.empty()) throw Exit{2, fmt::format("the environment variable {} is not set: {}", name, what)};
  return value;
}

/// The wheel's files: given, or those of this machine's install.
std::string airflow_folder_of(const ServerOptions& options) {
  std::string folder = options.airflow_folder;
  if (folder.empty()) {
    const auto config = lite::load_config(lite::Home::from_environment());
    const auto python = config && !config->python.empty() ? lite::inspect_python(config->python)
                                                          : fail(ErrorCode::not_found, "");
    if (python) folder = python->airflow_folder;
  }
  if (!std::filesystem::is_directory(folder + "/ui/dist")) {
    throw Exit{3, fmt::format("'{}' has no ui/dist: --airflow-folder names the folder airflow of the pinned "
                              "package; `leoflow setup` installs that",
                              folder)};
  }
  return folder;
}

std::string existing_file(const std::string& path, std::string_view option, std::string_view what) {
  if (path.empty()) throw Exit{2, fmt::format("{} is not given: {}", option, what)};
  if (!read_file(path)) throw Exit{3, fmt::format("{}: '{}' cannot be read", option, path)};
  return path;
}

/// Whole seconds, at least one.
Duration seconds_of(const char* variable, std::int64_t otherwise) {
  std::int64_t seconds = otherwise;
  value_or_exit(read_whole_number(environment_variable, variable, 1, seconds));
  return std::chrono::seconds(seconds);
}

executor::KubernetesSettings kubernetes_settings(const ServerOptions& options, const app::Address& grpc) {
  executor::KubernetesSettings out;
  out.access = value_or_exit(kube::find_access(options.kubeconfig));
  for (const std::string& name :
       {options.name_space, environment_variable("AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE"),
        out.access.name_space}) {
    if (!name.empty()) {
      out.name_space = name;
      break;
    }
  }
  out.instance = options.instance;
  out.service_account = options.service_account;
  out.control_plane = options.control_plane.empty() ? fmt::format("{}:{}", options.instance, grpc.port)
                                                    : options.control_plane;
  out.ca_config_map = options.ca_config_map;
  if (!options.pod_template.empty())
    out.pod_template = value_or_exit(kube::read_pod_file(options.pod_template));
  if (!options.template_folder.empty())
    out.template_folder = std::filesystem::absolute(options.template_folder).string();
  std::int64_t parallelism = out.parallelism;
  value_or_exit(read_whole_number(environment_variable, "AIRFLOW__CORE__PARALLELISM", 1, parallelism));
  out.parallelism = static_cast<int>(std::min<std::int64_t>(parallelism, 100'000));
  out.pending_limit = seconds_of("AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT", 600);
  value_or_exit(
      read_switch(environment_variable, "AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS", out.delete_pods));
  value_or_exit(read_switch(environment_variable,
                            "AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE",
                            out.delete_failed_pods));
  return out;
}

/// The first user, if the environment names one.
void read_admin(app::ServerConfig& config) {
  const std::string password = environment_variable("LEOFLOW_BOOTSTRAP_PASSWORD");
  config.admin_password_hash = environment_variable("LEOFLOW_BOOTSTRAP_PASSWORD_HASH");
  if (!password.empty() && !config.admin_password_hash.empty())
    throw Exit{2, "LEOFLOW_BOOTSTRAP_PASSWORD and LEOFLOW_BOOTSTRAP_PASSWORD_HASH are both set: take one"};
  config.admin_password = password;
  if (password.empty() && config.admin_password_hash.empty()) return;
  config.admin_email = environment_variable("LEOFLOW_BOOTSTRAP_EMAIL");
  if (config.admin_email.empty()) config.admin_email = "admin@leoflow.local";
}

app::ServerConfig server_config(const ServerOptions& options) {
  app::ServerConfig out;
  if (!options.database_url.starts_with("postgresql://") && !options.database_url.starts_with("postgres://"))
    throw Exit{2,
               "--database-url (LEOFLOW_DATABASE_URL) must be a postgresql:// URL: the server's database is "
               "PostgreSQL"};
  out.database_url = options.database_url;
  out.http = address_of(options.http, "--http-addr");
  out.grpc = address_of(options.grpc, "--grpc-addr");
  out.metrics = address_of(options.metrics, "--metrics-addr");
  out.edition = options.edition;
  out.secret_scope =
      options.secrets == "permissive" ? tasks::SecretScope::permissive : tasks::SecretScope::declared;
  out.api = value_or_exit(api::read_settings(environment_variable, {}));
  const std::string jwt =
      secret("LEOFLOW_AUTH_JWT_SECRET", "it signs the tokens of users; `openssl rand -hex 32` makes one");
  if (jwt.size() < kShortestJwtSecret)
    throw Exit{2, fmt::format("LEOFLOW_AUTH_JWT_SECRET has {} characters; it must have at least {}",
                              jwt.size(), kShortestJwtSecret)};
  out.jwt = auth::fixed_jwt(jwt);
  out.secret_keys = secret_keys();
  read_admin(out);
  out.logs_folder = std::filesystem::absolute(options.logs_folder).string();
  out.airflow_folder = airflow_folder_of(options);
  value_or_exit(
      read_whole_number(environment_variable, "AIRFLOW__CORE__MAX_MAP_LENGTH", 1, out.max_map_length));
  value_or_exit(
      read_switch(environment_variable, "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", out.use_job_schedule));
  app::FrozenConfig frozen;
  frozen.role = options.role == "api"         ? app::Role::api
                : options.role == "scheduler" ? app::Role::scheduler
                                              : app::Role::all;
  frozen.url = own_url(options, out.http);
  frozen.certificate_file =
      existing_file(options.certificate_file, "--grpc-tls-cert", "agents are only spoken to over TLS");
  frozen.key_file = existing_file(options.key_file, "--grpc-tls-key", "agents are only spoken to over TLS");
  frozen.kubernetes = kubernetes_settings(options, out.grpc);
  frozen.remote_logs = value_or_exit(fleet::read_remote_logs(environment_variable));
  frozen.start_retries = {options.start_retries, std::chrono::seconds(options.start_retry_delay)};
  out.dags = std::move(frozen);
  return out;
}

void run_server(const ServerOptions& options) {
  app::ServerConfig config = server_config(options);
  const std::string url = fmt::format("http://{}", options.http);
  const std::string name_space = std::get<app::FrozenConfig>(config.dags).kubernetes.name_space;
  serve(std::move(config), [&] {
    fmt::print("Leoflow is ready\n  HTTP     {}\n  agents   {}\n  metrics  {}\n  pods     in namespace {}\n",
               url, options.grpc, options.metrics, name_space);
  });
}

}  // namespace

void add_server(CLI::App& app) {
  auto options = std::make_shared<ServerOptions>();
  CLI::App* server =
      app.add_subcommand("server", "Run the control plane of Pro or Demo: pushed projects, in pods");
  const auto add = [server](const char* name, const char* variable, std::string& into, const char* what) {
    return server->add_option(name, into, what)->envname(variable)->capture_default_str();
  };
  add("--database-url", "LEOFLOW_DATABASE_URL", options->database_url, "postgresql://…")->required();
  add("--http-addr", "LEOFLOW_SERVER_HTTP_ADDR", options->http, "Where the UI and the API answer");
  add("--grpc-addr", "LEOFLOW_SERVER_GRPC_ADDR", options->grpc, "Where agents connect");
  add("--metrics-addr", "LEOFLOW_SERVER_METRICS_ADDR", options->metrics, "Where Prometheus asks");
  add("--grpc-tls-cert", "LEOFLOW_SERVER_GRPC_TLS_CERT", options->certificate_file,
      "Certificate for agents, PEM; read again when it changes");
  add("--grpc-tls-key", "LEOFLOW_SERVER_GRPC_TLS_KEY", options->key_file, "Its key");
  add("--role", "LEOFLOW_SERVER_ROLE", options->role,
      "all: answers users and may lead; api: answers users; scheduler: may lead. Of all that may, one leads")
      ->check(CLI::IsMember({"all", "api", "scheduler"}));
  add("--advertise-addr", "LEOFLOW_SERVER_ADVERTISE_ADDR", options->advertise,
      "host:port at which other replicas reach --http-addr (default: this host's name)");
  add("--secrets", "LEOFLOW_SECRETS_SCOPE", options->secrets,
      "Variables and connections that tasks may use. declared: those in leoflow.yaml, each use is in the "
      "audit "
      "log; permissive: all, if leoflow.yaml declares none")
      ->check(CLI::IsMember({"declared", "permissive"}));
  add("--edition", "LEOFLOW_UI_EDITION", options->edition, "pro shows the gold badge")
      ->check(CLI::IsMember({"", "pro"}));
  add("--logs-dir", "LEOFLOW_LOGS_DIR", options->logs_folder, "Folder of task logs");
  add("--airflow-folder", "LEOFLOW_AIRFLOW_FOLDER", options->airflow_folder,
      "Folder airflow of the pinned package, for its UI (default: that of `leoflow setup`)");
  add("--kubeconfig", "LEOFLOW_EXECUTOR_KUBECONFIG", options->kubeconfig,
      "How to reach Kubernetes (default: as a pod's ServiceAccount)");
  add("--task-namespace", "LEOFLOW_EXECUTOR_TASK_NAMESPACE", options->name_space,
      "Namespace of the tasks' pods");
  add("--task-service-account", "LEOFLOW_EXECUTOR_TASK_SERVICE_ACCOUNT", options->service_account,
      "ServiceAccount of the tasks' pods");
  add("--control-plane-addr", "LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR", options->control_plane,
      "host:port at which pods reach --grpc-addr");
  add("--agent-ca-config-map", "LEOFLOW_EXECUTOR_AGENT_TLS_CA_CONFIGMAP", options->ca_config_map,
      "ConfigMap of the tasks' namespace with the CA of --grpc-tls-cert as ca.crt");
  add("--pod-template", "AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE", options->pod_template,
      "YAML of a pod that the tasks' pods are made from");
  add("--pod-templates", "LEOFLOW_EXECUTOR_POD_TEMPLATES", options->template_folder,
      "Folder of others, which tasks name by pod_template_file in their executor_config");
  add("--instance", "LEOFLOW_INSTANCE", options->instance, "Tells this install's pods from those of others");
  server
      ->add_option("--start-retries", options->start_retries,
                   "How often a task is started again whose pod did not come up, beside its own retries")
      ->envname("LEOFLOW_EXECUTOR_START_RETRIES")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  server
      ->add_option("--start-retry-delay", options->start_retry_delay,
                   "Seconds before the first of them; each further one waits twice as long")
      ->envname("LEOFLOW_EXECUTOR_START_RETRY_DELAY")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  server->footer(
      "Secrets come from the environment: LEOFLOW_AUTH_JWT_SECRET, LEOFLOW_SECRET_KEY, and for a first "
      "admin\n"
      "LEOFLOW_BOOTSTRAP_EMAIL with LEOFLOW_BOOTSTRAP_PASSWORD or LEOFLOW_BOOTSTRAP_PASSWORD_HASH.\n"
      "LEOFLOW_AUTH_OIDC_ISSUER and more let people log in at an OpenID provider: docs/server.md.\n"
      "Airflow's settings of [core], [scheduler], [api], [logging] and [kubernetes_executor] are taken by "
      "their "
      "names.\n"
      "Example:\n  leoflow server --database-url postgresql://leoflow@db/leoflow --kubeconfig ~/.kube/config "
      "\\\n"
      "    --grpc-tls-cert tls.crt --grpc-tls-key tls.key");
  server->callback([options] { run_server(*options); });
}

}  // namespace leoflow::cli
