#include "cli/server_options.hpp"

#include <charconv>
#include <filesystem>
#include <fmt/format.h>

#include "auth/passwords.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "cli/exit.hpp"
#include "cli/secret_keys.hpp"
#include "cli/secret_scope.hpp"
#include "executor/kubernetes/pod_spec.hpp"
#include "fleet/remote_logs.hpp"
#include "kube/access.hpp"
#include "lite/config.hpp"
#include "lite/python_environment.hpp"
#include "redis/address.hpp"

namespace leoflow::cli {

app::Address address_of(const std::string& text, std::string_view option) {
  const auto colon = text.rfind(':');
  app::Address out;
  if (colon != std::string::npos) {
    out.host = text.substr(0, colon);
    const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), out.port);
    if (error != std::errc{} || end != text.data() + text.size()) out.port = 0;
  }
  const bool is_in_brackets = out.host.starts_with('[') && out.host.ends_with(']');
  const bool is_odd = out.host.find_first_of(is_in_brackets ? " \t" : " \t:[]") != std::string::npos;
  if (out.host.empty() || is_odd || out.port < 1 || out.port > 65535)
    throw Exit{2, fmt::format("{} is '{}', not an address such as 0.0.0.0:8080", option, text)};
  return out;
}

namespace {

constexpr std::size_t kShortestJwtSecret = 32;

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
  std::string why;
  if (folder.empty()) {
    const auto config = lite::load_config(lite::Home::from_environment());
    const auto python = config ? lite::inspect_python(config->python) : std::unexpected(config.error());
    if (python) {
      folder = python->airflow_folder;
    } else {
      why = fmt::format(" ({})", python.error().message);
    }
  }
  if (!std::filesystem::is_directory(folder + "/ui/dist")) {
    throw Exit{3, fmt::format("'{}' has no ui/dist: --airflow-folder names the folder airflow of the pinned "
                              "package; `leoflow setup` installs that{}",
                              folder, why)};
  }
  return folder;
}

std::string existing_file(const std::string& path, std::string_view option, std::string_view what) {
  if (path.empty()) throw Exit{2, fmt::format("{} is not given: {}", option, what)};
  if (!read_file(path)) throw Exit{3, fmt::format("{}: '{}' cannot be read", option, path)};
  return path;
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
  if (options.instance.empty() || executor::label_value(options.instance) != options.instance) {
    throw Exit{2,
               fmt::format("--instance (LEOFLOW_INSTANCE) is '{}', which no label of a pod can be: it takes "
                           "up to 63 letters, digits, '-', '_' and '.'",
                           options.instance)};
  }
  out.instance = options.instance;
  out.control_plane = options.control_plane.empty() ? fmt::format("{}:{}", options.instance, grpc.port)
                                                    : options.control_plane;
  for (const std::string& address : split(out.control_plane, ','))
    address_of(address, "--control-plane-addr");
  out.ca_config_map = options.ca_config_map;
  out.certificate_secret = options.certificate_secret;
  take_pod_options(options.pods, out);
  return out;
}

/// The first user, if the environment names one.
void read_admin(app::ServerConfig& config) {
  const std::string password = environment_variable("LEOFLOW_BOOTSTRAP_PASSWORD");
  config.admin_password_hash = environment_variable("LEOFLOW_BOOTSTRAP_PASSWORD_HASH");
  if (!password.empty() && !config.admin_password_hash.empty())
    throw Exit{2, "LEOFLOW_BOOTSTRAP_PASSWORD and LEOFLOW_BOOTSTRAP_PASSWORD_HASH are both set: take one"};
  if (!config.admin_password_hash.empty() && !auth::is_password_hash(config.admin_password_hash))
    throw Exit{2, "LEOFLOW_BOOTSTRAP_PASSWORD_HASH is no hash of argon2id, such as $argon2id$v=19$m=…"};
  config.admin_password = password;
  if (password.empty() && config.admin_password_hash.empty()) return;
  config.admin_email = environment_variable("LEOFLOW_BOOTSTRAP_EMAIL");
  if (config.admin_email.empty()) config.admin_email = "admin@leoflow.local";
}

}  // namespace

app::ServerConfig asked_config(const ServerOptions& options) {
  app::ServerConfig out;
  value_or_exit(refuse_variables(environment_variable, {"LEOFLOW_CONFIG"},
                                 "no file is read: settings are options and variables, see docs/server.md"));
  if (!options.database_url.starts_with("postgresql://") && !options.database_url.starts_with("postgres://"))
    throw Exit{2,
               "--database-url (LEOFLOW_DATABASE_URL) must be a postgresql:// URL: the server's database is "
               "PostgreSQL"};
  out.database_url = options.database_url;
  out.http = address_of(options.http, "--http-addr");
  out.grpc = address_of(options.grpc, "--grpc-addr");
  out.metrics = address_of(options.metrics, "--metrics-addr");
  out.edition = options.edition;
  out.secret_scope = secret_scope_of(options.secrets);
  out.api = value_or_exit(api::read_settings(environment_variable, {}));
  const std::string jwt =
      secret("LEOFLOW_AUTH_JWT_SECRET", "it signs the tokens of users; `openssl rand -hex 32` makes one");
  if (jwt.size() < kShortestJwtSecret)
    throw Exit{2, fmt::format("LEOFLOW_AUTH_JWT_SECRET has {} characters; it must have at least {}",
                              jwt.size(), kShortestJwtSecret)};
  out.jwt = auth::fixed_jwt(jwt);
  out.secret_keys = secret_keys();
  read_admin(out);
  value_or_exit(
      read_whole_number(environment_variable, "AIRFLOW__CORE__MAX_MAP_LENGTH", 1, out.max_map_length));
  value_or_exit(
      read_switch(environment_variable, "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE", out.use_job_schedule));
  app::FrozenConfig frozen;
  frozen.remote_logs = value_or_exit(fleet::read_remote_logs(environment_variable));
  frozen.redis = value_or_exit(redis::read_address(environment_variable));
  frozen.start_retries = {options.pods.start_retries, std::chrono::seconds(options.pods.start_retry_delay)};
  frozen.host_idle_limit = std::chrono::seconds(options.pods.host_idle_limit);
  out.dags = std::move(frozen);
  return out;
}

app::ServerConfig server_config(const ServerOptions& options) {
  app::ServerConfig out = asked_config(options);
  out.logs_folder = std::filesystem::absolute(options.logs_folder).string();
  out.airflow_folder = airflow_folder_of(options);
  auto& frozen = std::get<app::FrozenConfig>(out.dags);
  frozen.role = options.role == "api"         ? app::Role::api
                : options.role == "scheduler" ? app::Role::scheduler
                                              : app::Role::all;
  frozen.url = own_url(options, out.http);
  frozen.certificate_file =
      existing_file(options.certificate_file, "--grpc-tls-cert", "agents are only spoken to over TLS");
  frozen.key_file = existing_file(options.key_file, "--grpc-tls-key", "agents are only spoken to over TLS");
  if (options.client_ca_file.empty() != options.certificate_secret.empty()) {
    throw Exit{
        2,
        "--grpc-client-ca and --agent-cert-secret go together: what agents must show, and what their pods "
        "have"};
  }
  if (!options.client_ca_file.empty())
    frozen.client_ca_file = existing_file(options.client_ca_file, "--grpc-client-ca", "");
  frozen.kubernetes = kubernetes_settings(options, out.grpc);
  return out;
}

}  // namespace leoflow::cli
