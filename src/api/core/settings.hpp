#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/core/cors.hpp"
#include "api/core/trusted_proxies.hpp"
#include "auth/oidc/settings.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/variables.hpp"

namespace leoflow::api {

/// What can be set of the UI and the API, by Airflow's names: [api], and of [core] test_connection and
/// rerun_with_latest_version; and of logging in, by ours. Constant once the server runs.
struct Settings {
  std::string instance_name = "Leoflow";
  bool enable_swagger_ui = true;
  bool expose_config = false;  ///< Airflow's configuration, without its secrets
  bool hide_paused_dags_by_default = false;
  bool default_wrap = false;
  bool require_confirmation_dag_change = false;
  std::int64_t auto_refresh_interval = 3;         ///< seconds
  std::int64_t fallback_page_limit = 50;          ///< rows of a page of which nobody says how many
  json::object theme;                             ///< the UI's; empty for its own
  std::string test_connection = "Disabled";       ///< or "Hidden", "Enabled"
  std::optional<bool> rerun_with_latest_version;  ///< unless a DAG says otherwise
  Cors cors;
  TrustedProxies proxies;
  std::optional<auth::oidc::Settings> oidc;  ///< how to log in at a provider
};

/// @param settings  what holds where nothing is set.
/// Errors: invalid, naming the variable and what it is set to.
Result<Settings> read_settings(const Variables& variables, Settings settings);

}  // namespace leoflow::api
