#include "api/core/settings.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::api {
namespace {

std::unexpected<Error> refuse(const char* name, std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("{}={} {}", name, text, why));
}

Result<void> read_theme(const Variables& variables, json::object& out) {
  constexpr const char* kName = "AIRFLOW__API__THEME";
  const std::string text = variables(kName);
  if (text.empty()) return {};
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return refuse(kName, text, "is not a JSON object");
  out = std::move(parsed->get_object());
  for (const auto& [key, value] : out) {
    const bool is_icon = key == "icon" || key == "icon_dark_mode";
    const bool is_known = is_icon || key == "tokens" || key == "globalCss";
    if (!is_known || (is_icon ? !value.is_string() : !value.is_object())) {
      return refuse(
          kName, text,
          "has more than the objects 'tokens' and 'globalCss', the texts 'icon' and 'icon_dark_mode'");
    }
  }
  return {};
}

Result<void> read_test_connection(const Variables& variables, std::string& out) {
  constexpr const char* kName = "AIRFLOW__CORE__TEST_CONNECTION";
  const std::string text = variables(kName);
  const std::string word = to_lower(trim(text));
  if (word.empty()) return {};
  for (const std::string_view known : {"Disabled", "Hidden", "Enabled"}) {
    if (to_lower(known) == word) return out = known, Result<void>{};
  }
  return refuse(kName, text, "is none of Disabled, Hidden and Enabled");
}

Result<void> read_expose_config(const Variables& variables, bool& out) {
  constexpr const char* kName = "AIRFLOW__API__EXPOSE_CONFIG";
  // Once this was less than all; what is sensitive is never shown today.
  if (to_lower(variables(kName)) == "non-sensitive-only") return out = true, Result<void>{};
  return read_switch(variables, kName, out);
}

/// Under the name that Airflow's server has it from: uvicorn's.
Result<void> read_proxies(const Variables& variables, TrustedProxies& out) {
  constexpr const char* kName = "FORWARDED_ALLOW_IPS";
  auto parsed = TrustedProxies::parse(variables(kName));
  if (!parsed) return refuse(kName, variables(kName), "is no list of proxies: " + parsed.error().message);
  out = std::move(*parsed);
  return {};
}

Result<void> check_secrets_are_hidden(const Variables& variables) {
  constexpr const char* kName = "AIRFLOW__CORE__HIDE_SENSITIVE_VAR_CONN_FIELDS";
  bool hides = true;
  if (auto read = read_switch(variables, kName, hides); !read || hides) return read;
  return refuse(kName, variables(kName), "is not possible: secrets are always hidden");
}

}  // namespace

Result<Settings> read_settings(const Variables& variables, Settings settings) {
  Settings& s = settings;
  if (const std::string name = variables("AIRFLOW__API__INSTANCE_NAME"); !name.empty())
    s.instance_name = name;
  for (const auto& read :
       {read_switch(variables, "AIRFLOW__API__ENABLE_SWAGGER_UI", s.enable_swagger_ui),
        read_expose_config(variables, s.expose_config),
        read_switch(variables, "AIRFLOW__API__HIDE_PAUSED_DAGS_BY_DEFAULT", s.hide_paused_dags_by_default),
        read_switch(variables, "AIRFLOW__API__DEFAULT_WRAP", s.default_wrap),
        read_switch(variables, "AIRFLOW__API__REQUIRE_CONFIRMATION_DAG_CHANGE",
                    s.require_confirmation_dag_change),
        read_whole_number(variables, "AIRFLOW__API__AUTO_REFRESH_INTERVAL", 0, s.auto_refresh_interval),
        read_whole_number(variables, "AIRFLOW__API__FALLBACK_PAGE_LIMIT", 1, s.fallback_page_limit),
        read_theme(variables, s.theme), read_test_connection(variables, s.test_connection),
        read_cors(variables, s.cors), read_proxies(variables, s.proxies), check_secrets_are_hidden(variables),
        read_switch(variables, "AIRFLOW__CORE__RERUN_WITH_LATEST_VERSION", s.rerun_with_latest_version)}) {
    if (!read) return std::unexpected(read.error());
  }
  auto oidc = auth::oidc::read_settings(variables);
  if (!oidc) return std::unexpected(oidc.error());
  s.oidc = std::move(*oidc);
  return settings;
}

}  // namespace leoflow::api
