#include "app/server.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <optional>

#include "agentrpc/server.hpp"
#include "api/api.hpp"
#include "api/execution/execution_api.hpp"
#include "app/campaign.hpp"
#include "app/leader_door.hpp"
#include "app/metrics.hpp"
#include "app/probes.hpp"
#include "auth/passwords.hpp"
#include "auth/users.hpp"
#include "base/boot_clock.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "executor/host/host_agent.hpp"
#include "executor/kubernetes/kubernetes_executor.hpp"
#include "fleet/fleet.hpp"
#include "http/server.hpp"
#include "k3d/live_launcher.hpp"
#include "lite/dag_processor.hpp"
#include "lite/plugin_apps.hpp"
#include "lite/plugin_files.hpp"
#include "objects/open_store.hpp"
#include "redis/client.hpp"
#include "store/migrator.hpp"
#include "store/shared_clock.hpp"
#include "tracing/exporter.hpp"

namespace leoflow::app {

namespace fs = std::filesystem;

/// How long a pod's agent may be away before its attempt is lost: Airflow's [scheduler]
/// task_instance_heartbeat_timeout. That a pod died is known sooner.
constexpr std::chrono::seconds kPodGrace{300};

/// In the order in which they are made; taken down in the opposite one.
struct Server::Parts {
  explicit Parts(const ServerConfig& config)
      : sealer(config.secret_keys.at(0), {config.secret_keys.begin() + 1, config.secret_keys.end()}),
        tokens(config.jwt),
        task_tokens(config.jwt),
        fleet(fleet_options(config), clock) {}

  static std::string execution_url(const ServerConfig& config) {
    const std::string host = config.http.host == "0.0.0.0" ? "127.0.0.1" : config.http.host;
    return fmt::format("http://{}:{}/execution/", host, config.http.port);
  }

  fleet::FleetOptions fleet_options(const ServerConfig& config) {
    fleet::FleetOptions options{.log_folder = config.logs_folder};
    const auto* live = std::get_if<LiveConfig>(&config.dags);
    if (live == nullptr || live->pods) {
      options.claim_grace = kPodGrace;
      // One task, one process: nothing would be gained by importing its file ahead of it.
      options.preload = false;
    }
    if (live == nullptr) {
      options.host_idle_limit = std::get<FrozenConfig>(config.dags).host_idle_limit;
      // What is installed is in the images of projects.
      options.known_answers["plugins"] = R"({"plugins": [], "import_errors": [], "prefixes": []})";
      options.known_answers["catalog"] = "[]";
    } else if (live->stock_workers) {
      options.stock_workers = {.execution_url = execution_url(config),
                               .issue_token = [this](const Uuid& attempt) {
                                 return task_tokens.issue(attempt, auth::TaskScope::workload, clock.now());
                               }};
    }
    return options;
  }

  SystemClock own_clock;
  BootClock since_boot;
  store::SharedClock clock{own_clock, since_boot};
  std::unique_ptr<tracing::Exporter> spans;  ///< null: nobody wants traces
  auth::Sealer sealer;
  auth::Tokens tokens;
  auth::TaskTokens task_tokens;
  std::unique_ptr<store::Database> database;
  std::optional<Campaign> campaign;  ///< nothing where there are no replicas: then this process leads
  std::optional<LeaderDoor> leader_door;
  fleet::Fleet fleet;
  std::optional<engine::Engine> engine;
  std::optional<tasks::TaskService> tasks;
  std::shared_ptr<redis::Client> redis;             ///< null: replicas share the database alone
  std::shared_ptr<objects::ObjectStore> log_store;  ///< null: logs are kept in a folder
  std::optional<fleet::LogKeeper> logs;
  std::optional<executor::KubernetesExecutor> pods;
  std::optional<k3d::LiveLauncher> live_launcher;
  std::optional<api::Api> api;
  std::optional<api::execution::ExecutionApi> execution;
  std::optional<lite::PluginApps> plugin_apps;
  std::optional<lite::PluginFiles> plugin_files;
  std::mutex agents_mutex;
  bool is_stopping = false;                  ///< protected by agents_mutex
  std::unique_ptr<agentrpc::Server> agents;  ///< likewise
  std::optional<lite::DagProcessor> files;
  std::unique_ptr<http::Server> http;
  std::unique_ptr<http::Server> metrics;
  std::optional<executor::HostAgent> agent;
};

namespace {

std::string spool_folder(const ServerConfig& config) {
  return config.logs_folder + "/spool";
}

api::ApiConfig api_config(const ServerConfig& config) {
  const fs::path airflow = config.airflow_folder;
  api::ApiConfig out;
  out.ui_folder = airflow / "ui/dist";
  out.login_folder = airflow / "api_fastapi/auth/managers/simple/ui/dist";
  out.docs_folder = airflow.parent_path() / "fastapi_offline/static";
  if (auto version = read_file((airflow / "git_version").string())) out.airflow_git_version = trim(*version);
  out.logs_folder = config.logs_folder;
  out.spool_folder = fs::path(spool_folder(config)) / "files";
  const auto* live = std::get_if<LiveConfig>(&config.dags);
  if (live != nullptr) out.plugins_file = fs::path(live->agent_folder) / "plugins.json";
  out.is_python_on_demand = live == nullptr;
  out.settings = config.api;
  out.edition = config.edition;
  return out;
}

/// The agent of this host has a token of its own; those of pods are shown to Kubernetes.
agentrpc::Authenticate by_token_or_pod(const std::string& host_token, executor::KubernetesExecutor& pods) {
  return [host = agentrpc::by_token(host_token), &pods](const std::string& token, auto then) {
    host(token, [&pods, token, then = std::move(then)](Result<agentrpc::AgentIdentity> known) {
      known ? then(std::move(known)) : pods.authenticate(token, then);
    });
  };
}

executor::HostAgentOptions agent_options(const LiveConfig& live, int grpc_port) {
  executor::HostAgentOptions out;
  out.command = {live.agent_program, "--server",  fmt::format("127.0.0.1:{}", grpc_port),
                 "--python",         live.python, "--worker-path",
                 live.worker_path,   "--home",    live.agent_folder};
  if (live.slots > 0) {
    out.command.emplace_back("--slots");
    out.command.push_back(std::to_string(live.slots));
  }
  out.environment["LEOFLOW_AGENT_TOKEN"] = live.agent_token;
  if (live.pods) out.environment["LEOFLOW_AGENT_TLS_CA"] = live.pods->certificate_file;
  out.environment["AIRFLOW__CORE__PLUGINS_FOLDER"] = lite::PluginFiles::folder_of(live.workspace);
  out.pid_file = live.agent_folder + "/agent.pid";
  out.log_file = live.agent_folder + "/agent.log";
  return out;
}

/// Null if nobody wants traces, or they cannot be had: that is no reason not to run DAGs.
std::unique_ptr<tracing::Exporter> make_exporter(const std::string& salt) {
  auto settings = tracing::read_settings([](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
  if (!settings) log::error("no traces: {}", settings.error().message);
  if (!settings || !*settings) return nullptr;
  log::info("spans go to {}{}", (*settings)->server, (*settings)->target);
  return std::make_unique<tracing::Exporter>(std::move(**settings), salt);
}

lite::PluginAppsOptions plugin_apps_options(const LiveConfig& live) {
  lite::PluginAppsOptions out;
  out.python = live.python;
  out.worker_path = live.worker_path;
  out.folder = live.agent_folder + "/plugins";
  out.environment = {
      {"AIRFLOW_HOME", live.agent_folder + "/airflow"},
      {"AIRFLOW__CORE__LOAD_EXAMPLES", "False"},
      {"AIRFLOW__CORE__PLUGINS_FOLDER", lite::PluginFiles::folder_of(live.workspace)},
      // Whose users are those that the server names.
      {"AIRFLOW__CORE__AUTH_MANAGER",
       "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"},
  };
  return out;
}

/// The engine schedules; agents read files and wait for triggers.
std::vector<api::Process> processes(engine::Engine& engine, fleet::Fleet& fleet, const Clock& clock,
                                    Time started) {
  std::vector<api::Process> out{{.job_type = "SchedulerJob",
                                 .hostname = host_name(),
                                 .unixname = user_name(),
                                 .start_date = started,
                                 .latest_heartbeat = engine.heartbeat()}};
  for (const fleet::AgentLife& agent : fleet.agents()) {
    for (const char* job_type : {"DagProcessorJob", "TriggererJob"}) {
      out.push_back({.job_type = job_type,
                     .hostname = agent.hostname,
                     .unixname = agent.unixname,
                     .start_date = agent.connected_at,
                     .latest_heartbeat = agent.gone_at.value_or(clock.now())});
    }
  }
  return out;
}

/// What a replica that follows knows: whether another one leads.
std::vector<api::Process> processes(const Campaign& campaign, const Clock& clock) {
  const auto leader = campaign.other_leader();
  if (!leader) return {};
  return {{.job_type = "SchedulerJob",
           .hostname = leader->url,
           .start_date = leader->seen_at,
           .latest_heartbeat = clock.now() - leader->silence}};
}

}  // namespace

Server::Server(ServerConfig config) : config_(std::move(config)), parts_(std::make_unique<Parts>(config_)) {}

Server::~Server() {
  stop();
}

Result<void> Server::open_database() {
  Parts& p = *parts_;
  auto database = store::Database::open(config_.database_url);
  if (!database) return std::unexpected(database.error());
  p.database = std::move(*database);
  auto migrated = store::Migrator(*p.database).migrate();
  if (!migrated) return std::unexpected(migrated.error());
  if (!migrated->empty()) log::info("the database is now at version {}", migrated->back());
  // Where there are replicas. Lite's host is the only one, and its command line signs by that clock.
  if (std::holds_alternative<FrozenConfig>(config_.dags)) p.clock.follow(*p.database->connect());
  if (!config_.admin_email.empty()) put_admin();
  return {};
}

void Server::put_admin() {
  Parts& p = *parts_;
  const auto session = p.database->connect();
  std::string hash = config_.admin_password_hash;
  if (hash.empty()) {
    // The hash stays while the password does: another one would end all logins.
    const auto known = auth::find_user(*session, config_.admin_email);
    const bool is_same = known && auth::password_matches(config_.admin_password, known->password_hash);
    hash = is_same ? known->password_hash : auth::hash_password(config_.admin_password);
  }
  auth::put_user(*session, {config_.admin_email, hash, auth::Role::admin}, p.clock.now());
}

Result<void> Server::open_agents() {
  Parts& p = *parts_;
  agentrpc::ServerOptions options{.address = fmt::format("{}:{}", config_.grpc.host, config_.grpc.port)};
  if (const auto* live = std::get_if<LiveConfig>(&config_.dags)) {
    options.authenticate = agentrpc::by_token(live->agent_token);
    if (const auto& pods = live->pods) {
      options.certificate_file = pods->certificate_file;
      options.key_file = pods->key_file;
      options.authenticate = by_token_or_pod(live->agent_token, *p.pods);
    }
  } else {
    const auto& frozen = std::get<FrozenConfig>(config_.dags);
    options.certificate_file = frozen.certificate_file;
    options.key_file = frozen.key_file;
    options.client_ca_file = frozen.client_ca_file;
    options.authenticate = [&p](const std::string& token, auto then) {
      p.pods->authenticate(token, std::move(then));
    };
  }
  auto agents = agentrpc::Server::start(options, p.fleet);
  if (!agents) return std::unexpected(agents.error());
  p.agents = std::move(*agents);
  return {};
}

Result<void> Server::open_http() {
  Parts& p = *parts_;
  auto metrics = http::Server::start(
      {.host = config_.metrics.host, .port = static_cast<unsigned short>(config_.metrics.port), .workers = 1},
      [&p](const http::Request& request) {
        return metrics_page(request, {*p.engine, p.fleet, *p.tasks, *p.api, p.spans.get(),
                                      p.pods ? &*p.pods : nullptr, p.campaign ? &*p.campaign : nullptr,
                                      p.logs ? p.logs->spool() : nullptr, p.redis.get()});
      });
  if (!metrics) return std::unexpected(metrics.error());
  p.metrics = std::move(*metrics);

  auto http =
      http::Server::start({.host = config_.http.host, .port = static_cast<unsigned short>(config_.http.port)},
                          [this](const http::Request& request) { return answer(request); });
  if (!http) return std::unexpected(http.error());
  p.http = std::move(*http);
  return {};
}

http::Response Server::answer(const http::Request& request) {
  Parts& p = *parts_;
  if (auto probe = answer_probe(request, *p.database)) return std::move(*probe);
  const auto* frozen = std::get_if<FrozenConfig>(&config_.dags);
  if (frozen != nullptr && frozen->role == Role::scheduler && !LeaderDoor::was_passed_on(request)) {
    return http::error_response(404, "This replica only schedules: ask one whose role is api or all");
  }
  if (!p.execution->serves(request)) return p.api->handle(request);
  return p.execution->handle(request);
}

void Server::start_workspace(const LiveConfig& live) {
  Parts& p = *parts_;
  p.files.emplace(lite::DagProcessorOptions{.root = live.workspace,
                                            .parser = live.parser_version,
                                            .python_version = live.python_version,
                                            .has_pods = live.pods.has_value(),
                                            .bundles = live.bundles,
                                            .bundles_folder = live.bundles_folder},
                  *p.database, *p.engine, p.fleet);
  p.files->start();
}

void Server::start_plugins(const LiveConfig& live) {
  Parts& p = *parts_;
  p.plugin_files.emplace(live.workspace, [&p] {
    p.plugin_apps->renew();
    p.api->renew_plugins();
  });
  p.plugin_files->start();
}

Result<void> Server::make_live_launcher(const LivePods& pods) {
  Parts& p = *parts_;
  auto builder = lite::ImageBuilder::find("docker");
  if (!builder) return std::unexpected(builder.error());
  p.logs.emplace(*p.database, config_.logs_folder);
  p.pods.emplace(pods.kubernetes, *p.engine, *p.logs, p.clock);
  p.live_launcher.emplace(
      std::make_unique<k3d::LiveImages>(std::move(*builder), k3d::Cluster(pods.cluster),
                                        k3d::BaseImages{.usual = pods.task_image, .forced = pods.base_image}),
      *p.pods, *p.engine, *p.logs);
  p.fleet.bind(*p.engine, *p.tasks, {.attempts = &*p.live_launcher, .logs = &*p.logs});
  return {};
}

Result<void> Server::make_runner() {
  Parts& p = *parts_;
  if (const auto* frozen = std::get_if<FrozenConfig>(&config_.dags)) {
    if (p.log_store) {
      p.logs.emplace(
          *p.database, spool_folder(config_),
          fleet::StoredLogs{.store = p.log_store, .deletes_files = frozen->remote_logs->deletes_local},
          p.redis);
    } else {
      p.logs.emplace(*p.database, config_.logs_folder, std::nullopt, p.redis);
    }
    p.pods.emplace(frozen->kubernetes, *p.engine, *p.logs, p.clock);
    p.fleet.bind(*p.engine, *p.tasks,
                 {.attempts = &*p.pods,
                  .hosts = &*p.pods,
                  .logs = &*p.logs,
                  .keeper = frozen->kubernetes.warm ? &*p.pods : nullptr});
    return {};
  }
  const auto& live = std::get<LiveConfig>(config_.dags);
  if (live.pods) return make_live_launcher(*live.pods);
  p.fleet.bind(*p.engine, *p.tasks);
  return {};
}

Result<void> Server::open_log_store() {
  const auto* frozen = std::get_if<FrozenConfig>(&config_.dags);
  if (frozen == nullptr || !frozen->remote_logs) return {};
  auto store = objects::open_store(frozen->remote_logs->url, environment_variable, parts_->clock);
  if (!store) return std::unexpected(store.error());
  parts_->log_store = std::move(*store);
  log::info("logs are kept in {}", frozen->remote_logs->url);
  return {};
}

void Server::find_redis() {
  const auto* frozen = std::get_if<FrozenConfig>(&config_.dags);
  if (frozen == nullptr || !frozen->redis) return;
  // Replicas have the same key, other installs have other ones. Not the key itself, nor what tells of it.
  const std::string install = sha256_hex("redis keys " + config_.secret_keys.at(0)).substr(0, 16);
  parts_->redis = std::make_shared<redis::Client>(*frozen->redis, "leoflow:" + install + ":");
  // So that the log says at the start whether it is there.
  parts_->redis->is_up();
}

void Server::make_engine() {
  Parts& p = *parts_;
  p.engine.emplace(*p.database, p.clock, p.fleet, [&p](const std::string& bundle, const std::string& file) {
    if (p.files) p.files->reparse(bundle, file);
  });
  // Not the key itself, nor what tells of it.
  p.spans = make_exporter(sha256_hex("trace ids " + config_.secret_keys.at(0)));
  p.engine->set_tracer(p.spans.get());
  p.engine->set_variables([&p](store::Session& session, const std::string& key) {
    const store::Rows rows = session.query("SELECT value FROM variable WHERE key = $1", {key});
    const auto value = rows.empty() ? fail(ErrorCode::not_found, "") : p.sealer.open(rows[0].text(0));
    return value ? std::optional(*value) : std::nullopt;
  });
  p.engine->set_makes_runs(config_.use_job_schedule);
  const auto* frozen = std::get_if<FrozenConfig>(&config_.dags);
  if (frozen == nullptr) return;
  p.engine->set_start_retries(frozen->start_retries);
  p.campaign.emplace(*p.database, p.clock,
                     CampaignOptions{.url = frozen->url,
                                     .is_candidate = frozen->role != Role::api,
                                     .lead = [this] { return lead(); },
                                     .alone = [this](bool is_alone) { return leave_agents(is_alone); }});
  p.leader_door.emplace(*p.campaign);
  p.engine->set_connect([&p] { return p.campaign->connect_writer(); });
}

void Server::make_api() {
  Parts& p = *parts_;
  api::Surroundings around;
  around.processes = [&p, started = p.clock.now()] {
    const bool leads = !p.campaign || p.campaign->leads();
    return leads ? processes(*p.engine, p.fleet, p.clock, started) : processes(*p.campaign, p.clock);
  };
  around.tracer = p.spans.get();
  around.log_store = p.log_store;
  around.redis = p.redis;
  if (p.campaign) around.leads = [&p] { return p.campaign->leads(); };
  if (p.leader_door)
    around.leader = [&p](const http::Request& request) { return p.leader_door->pass(request); };
  if (const auto* live = std::get_if<LiveConfig>(&config_.dags)) {
    p.plugin_apps.emplace(plugin_apps_options(*live));
    around.plugin_apps = [&p](const http::Request& request) { return p.plugin_apps->serve(request); };
  }
  p.execution.emplace(
      api::execution::ExecutionServices{*p.database, *p.tasks, p.task_tokens, p.clock, around.leader});
  p.api.emplace(api_config(config_), *p.database, *p.engine, p.tokens, p.sealer, p.clock, std::move(around));
}

Result<void> Server::leave_agents(bool is_alone) {
  Parts& p = *parts_;
  const std::lock_guard lock(p.agents_mutex);
  if (!p.agents && is_alone) return {};
  p.fleet.stand_still(is_alone);
  if (p.logs) p.logs->stand_still(is_alone);
  if (p.pods) p.pods->stand_still(is_alone);
  if (!is_alone) return p.is_stopping ? Result<void>() : open_agents();
  // Another replica may lead by now. What they say is not stored here; there it would be.
  log::warning("the database does not answer: agents look for another leader");
  p.agents.reset();
  return {};
}

Result<void> Server::lead() {
  Parts& p = *parts_;
  if (p.logs) p.logs->take_over();
  p.engine->start();
  p.fleet.start();
  {
    const std::lock_guard lock(p.agents_mutex);
    if (auto opened = open_agents(); !opened) return opened;
  }
  if (p.pods) p.pods->start(p.campaign ? p.campaign->epoch() : 0);
  // In Pro that takes a host: it is asked for when somebody wants to know.
  if (!p.campaign) p.api->renew_plugins();
  return {};
}

Result<void> Server::start() {
  Parts& p = *parts_;
  const auto* live = std::get_if<LiveConfig>(&config_.dags);
  fs::create_directories(config_.logs_folder);
  if (live != nullptr) fs::create_directories(live->agent_folder);
  if (auto opened = open_log_store(); !opened) return opened;
  if (auto opened = open_database(); !opened) return opened;
  find_redis();
  make_engine();
  p.tasks.emplace(*p.database, *p.engine, p.sealer, p.clock, config_.max_map_length, config_.secret_scope);
  if (auto made = make_runner(); !made) return made;
  if (p.pods) p.logs->know_pods([&p](const Uuid& attempt) { return p.pods->find_log(attempt); });
  make_api();
  // As many connections as the HTTP server takes, and files beside them.
  allow_open_files(4096);
  if (live == nullptr) {
    if (auto opened = open_http(); !opened) return opened;
    return p.campaign->start();
  }
  if (auto leads = lead(); !leads) return leads;
  if (auto opened = open_http(); !opened) return opened;
  start_workspace(*live);
  start_plugins(*live);
  p.agent.emplace(agent_options(*live, config_.grpc.port),
                  [&p](std::uint32_t pid) { p.fleet.agent_died(pid); });
  return p.agent->start();
}

void Server::stop() {
  if (parts_ == nullptr) return;
  Parts& p = *parts_;
  if (p.campaign) p.campaign->retire();
  if (p.plugin_files) p.plugin_files->stop();
  if (p.files) p.files->stop();
  if (p.tasks) p.tasks->stop();
  if (p.http) p.http->stop();
  if (p.metrics) p.metrics->stop();
  // While the stream is still there, so that what the agent says last is stored.
  if (p.agent) p.agent->stop();
  {
    const std::lock_guard lock(p.agents_mutex);
    p.is_stopping = true;
    p.agents.reset();
  }
  if (p.pods) p.pods->stop();
  p.fleet.stop();
  if (p.logs) p.logs->stop();
  if (p.engine) p.engine->stop();
  if (p.campaign) p.campaign->stop();
  if (p.spans) p.spans->stop();
  parts_.reset();
}

}  // namespace leoflow::app
