#include <fmt/core.h>

#include "api/resources.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

struct Badge {
  std::string_view label;
  std::string_view background;
};

std::optional<Badge> badge_of(std::string_view edition) {
  if (edition == "lite") {
    return Badge{"Lite", "linear-gradient(135deg, #f4f5f7 0%, #c3c8d0 45%, #eef0f3 60%, #a9b0bb 100%)"};
  }
  if (edition == "pro") {
    return Badge{"Pro", "linear-gradient(135deg, #fbe9b0 0%, #d9ab3a 45%, #fdf3cf 60%, #b98a1d 100%)"};
  }
  return std::nullopt;
}

// Under the logo at the top of the side bar, by the UI's own theme option.
json::object badge_css(const Badge& badge) {
  const json::object place{{"position", "relative"}, {"overflow", "visible"}};
  const json::object look{{"content", fmt::format("\"{}\"", badge.label)},
                          {"position", "absolute"},
                          {"bottom", "-3px"},
                          {"left", "50%"},
                          {"transform", "translateX(-50%)"},
                          {"padding", "1px 7px"},
                          {"borderRadius", "4px"},
                          {"border", "1px solid #9aa1ac"},
                          {"background", badge.background},
                          {"color", "#2d333b"},
                          {"fontSize", "10px"},
                          {"fontWeight", "700"},
                          {"letterSpacing", "0.06em"},
                          {"lineHeight", "1.3"},
                          {"pointerEvents", "none"}};
  constexpr std::string_view kLogo = "[data-testid='nav-sidebar'] > div:first-of-type > a:first-of-type";
  return json::object{{kLogo, place}, {fmt::format("{}::after", kLogo), look}};
}

/// What is set, with the badge.
std::optional<gen::Theme> theme_of(const ApiConfig& config) {
  const json::value set = config.settings.theme;
  const auto badge = badge_of(config.edition);
  if (config.settings.theme.empty() && !badge) return std::nullopt;
  gen::Theme theme;
  if (const json::value* tokens = find(set, "tokens")) theme.tokens = *tokens;
  json::object css;
  if (badge) css = badge_css(*badge);
  if (const json::value* more = find(set, "globalCss")) {
    for (const auto& [place, look] : more->get_object()) css[place] = look;
  }
  if (!css.empty()) theme.globalCss = std::move(css);
  theme.icon = find_text(set, "icon");
  theme.icon_dark_mode = find_text(set, "icon_dark_mode");
  return theme;
}

Result<Answer> get_configs(Call& call, const gen::GetConfigsParams&) {
  const Settings& settings = call.api.config.settings;
  gen::ConfigResponse answer;
  answer.fallback_page_limit = settings.fallback_page_limit;
  answer.auto_refresh_interval = settings.auto_refresh_interval;
  answer.hide_paused_dags_by_default = settings.hide_paused_dags_by_default;
  answer.default_wrap = settings.default_wrap;
  answer.require_confirmation_dag_change = settings.require_confirmation_dag_change;
  answer.instance_name = settings.instance_name;
  answer.enable_swagger_ui = settings.enable_swagger_ui;
  answer.test_connection = settings.test_connection;
  answer.theme = theme_of(call.api.config);
  answer.rerun_with_latest_version = settings.rerun_with_latest_version;
  // The UI takes a null theme token for one that is set: absent fields stay away. It waits for a theme that
  // is absent altogether: that one is null.
  return answer.theme ? ok_without_nulls(answer) : ok(answer);
}

/// There are no teams unless several share an install, which Leoflow does not have.
Result<Answer> list_teams(Call&, const gen::ListTeamsParams&) {
  return fail(ErrorCode::forbidden, "Multi-team mode is not configured in the Airflow environment");
}

}  // namespace

void bind_ui_config(Registry& registry) {
  registry.bind<op::get_configs>(get_configs);
  registry.bind<op::list_teams>(list_teams);
}

}  // namespace leoflow::api
