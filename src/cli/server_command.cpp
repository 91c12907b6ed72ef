#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/pod_options.hpp"
#include "cli/secret_scope.hpp"
#include "cli/server_options.hpp"
#include "cli/serving.hpp"

namespace leoflow::cli {
namespace {

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
  add("--grpc-client-ca", "LEOFLOW_SERVER_GRPC_CLIENT_CA", options->client_ca_file,
      "CA whose certificates agents must show, PEM; read again when it changes (default: they show none)");
  add("--role", "LEOFLOW_SERVER_ROLE", options->role,
      "all: answers users and may lead; api: answers users; scheduler: may lead. Of all that may, one leads")
      ->check(CLI::IsMember({"all", "api", "scheduler"}));
  add("--advertise-addr", "LEOFLOW_SERVER_ADVERTISE_ADDR", options->advertise,
      "host:port at which other replicas reach --http-addr (default: this host's name)");
  add_secrets_option(*server, options->secrets);
  add("--edition", "LEOFLOW_UI_EDITION", options->edition, "pro shows the gold badge")
      ->check(CLI::IsMember({"", "pro"}));
  add("--logs-dir", "LEOFLOW_LOGS_DIR", options->logs_folder, "Folder of task logs");
  add("--airflow-folder", "LEOFLOW_AIRFLOW_FOLDER", options->airflow_folder,
      "Folder airflow of the pinned package, for its UI (default: that of `leoflow setup`)");
  add("--kubeconfig", "LEOFLOW_EXECUTOR_KUBECONFIG", options->kubeconfig,
      "How to reach Kubernetes (default: as a pod's ServiceAccount)");
  add("--task-namespace", "LEOFLOW_EXECUTOR_TASK_NAMESPACE", options->name_space,
      "Namespace of the tasks' pods");
  add("--control-plane-addr", "LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR", options->control_plane,
      "host:port at which pods reach --grpc-addr");
  add("--agent-ca-config-map", "LEOFLOW_EXECUTOR_AGENT_TLS_CA_CONFIGMAP", options->ca_config_map,
      "ConfigMap of the tasks' namespace with the CA of --grpc-tls-cert as ca.crt");
  add("--agent-cert-secret", "LEOFLOW_EXECUTOR_AGENT_TLS_SECRET", options->certificate_secret,
      "Secret of the tasks' namespace with what agents show for --grpc-client-ca: tls.crt, tls.key");
  add("--instance", "LEOFLOW_INSTANCE", options->instance, "Tells this install's pods from those of others");
  add_pod_options(*server, options->pods);
  server->footer(
      "Secrets come from the environment: LEOFLOW_AUTH_JWT_SECRET, LEOFLOW_SECRET_KEY, and for a first "
      "admin\n"
      "LEOFLOW_BOOTSTRAP_EMAIL with LEOFLOW_BOOTSTRAP_PASSWORD or LEOFLOW_BOOTSTRAP_PASSWORD_HASH.\n"
      "LEOFLOW_AUTH_OIDC_ISSUER and more let people log in at an OpenID provider: docs/server.md.\n"
      "Airflow's settings of [core], [scheduler], [api], [logging] and [kubernetes_executor] are taken by "
      "their names.\n"
      "Example:\n  leoflow server --database-url postgresql://leoflow@db/leoflow --kubeconfig ~/.kube/config "
      "\\\n"
      "    --grpc-tls-cert tls.crt --grpc-tls-key tls.key");
  server->callback([options] { run_server(*options); });
}

}  // namespace leoflow::cli
