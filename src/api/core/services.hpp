#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "api/core/api_metrics.hpp"
#include "api/core/catalog.hpp"
#include "api/core/dag_cache.hpp"
#include "api/core/dag_links.hpp"
#include "api/core/open_streams.hpp"
#include "api/core/plugin_list.hpp"
#include "api/core/run_cache.hpp"
#include "api/core/settings.hpp"
#include "api/core/surroundings.hpp"
#include "auth/login_limiter.hpp"
#include "auth/oidc/provider.hpp"
#include "auth/sealer.hpp"
#include "auth/tokens.hpp"
#include "base/clock.hpp"
#include "engine/commands.hpp"
#include "store/database.hpp"

namespace leoflow::api {

/// What the configuration says about the API. Constant after construction.
struct ApiConfig {
  std::filesystem::path ui_folder;     ///< the wheel's airflow/ui/dist
  std::filesystem::path login_folder;  ///< the wheel's .../auth/managers/simple/ui/dist
  std::filesystem::path docs_folder;   ///< Swagger UI and ReDoc
  std::filesystem::path logs_folder;   ///< where logs are kept; with a store, those from before it
  std::filesystem::path spool_folder;  ///< with a store: what the leader has of logs
  std::filesystem::path plugins_file;  ///< keeps what is known of plugins; "" for nothing
  bool is_python_on_demand = false;    ///< it is started, somewhere else, when something is asked of it
  Settings settings;
  std::string edition;  ///< "lite", "pro" or ""; shown as a badge
  std::string airflow_version = "3.3.2";
  std::optional<std::string> airflow_git_version;  ///< as the wheel has it
};

/// What handlers work with. Everything in it is thread safe.
struct Services {
  const ApiConfig& config;
  store::Database& database;
  engine::Commands& commands;
  const auth::Tokens& tokens;
  const auth::Sealer& sealer;
  const Clock& clock;
  const Surroundings& around;
  auth::LoginLimiter login_limiter{around.redis};
  std::unique_ptr<auth::oidc::Provider> oidc{};  ///< null: nobody logs in elsewhere
  DagCache dags{};
  RunCache runs{};
  DagLinks links{};
  Catalog catalog{};
  PluginList plugins{config.plugins_file, config.is_python_on_demand};
  ApiMetrics metrics{};
  OpenStreams streams{};
};

}  // namespace leoflow::api
