#include "api/core/settings.hpp"

#include <map>

#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

Result<Settings> read(std::map<std::string, std::string> variables) {
  return read_settings([&](const char* name) { return variables[name]; }, {.instance_name = "Here"});
}

TEST(Settings, WhatIsNotSetStaysAsItIs) {
  const auto settings = read({{"AIRFLOW__API__DEFAULT_WRAP", ""}, {"AIRFLOW__API__THEME", ""}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->instance_name, "Here");
  EXPECT_FALSE(settings->default_wrap);
  EXPECT_TRUE(settings->enable_swagger_ui);
  EXPECT_EQ(settings->rerun_with_latest_version, std::nullopt);
}

TEST(Settings, ABadValueIsRefusedByNameAndValue) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"AIRFLOW__API__ENABLE_SWAGGER_UI", "never"},
           {"AIRFLOW__API__HIDE_PAUSED_DAGS_BY_DEFAULT", "ja"},
           {"AIRFLOW__API__DEFAULT_WRAP", "2"},
           {"AIRFLOW__API__EXPOSE_CONFIG", "sensitive-only"},
           {"AIRFLOW__API__REQUIRE_CONFIRMATION_DAG_CHANGE", "Truee"},
           {"AIRFLOW__API__AUTO_REFRESH_INTERVAL", "-1"},
           {"AIRFLOW__API__FALLBACK_PAGE_LIMIT", "0"},
           {"AIRFLOW__API__THEME", "[]"},
           {"AIRFLOW__API__THEME", "{\"colour\": {}}"},
           {"AIRFLOW__API__THEME", "{\"icon\": {}}"},
           {"FORWARDED_ALLOW_IPS", "ingress"},
           {"AIRFLOW__CORE__TEST_CONNECTION", "maybe"},
           {"AIRFLOW__CORE__HIDE_SENSITIVE_VAR_CONN_FIELDS", "False"},
           {"AIRFLOW__API__ACCESS_CONTROL_ALLOW_ORIGINS", "https://a.b *"},
           {"AIRFLOW__API__ACCESS_CONTROL_ALLOW_ORIGINS", "a.b"},
           {"AIRFLOW__API__ACCESS_CONTROL_ALLOW_ORIGINS", "https://a.b/c"},
           {"AIRFLOW__CORE__RERUN_WITH_LATEST_VERSION", "yes"}}) {
    const auto settings = read({{name, value}});
    ASSERT_FALSE(settings) << name;
    EXPECT_TRUE(settings.error().message.starts_with(name + "=" + value + " ")) << settings.error().message;
  }
}

/// An install with all of its settings unlike the defaults.
class SettingsTest : public ApiTest {
 protected:
  SettingsTest()
      : ApiTest(
            read({{"AIRFLOW__API__INSTANCE_NAME", "Ours"},
                  {"AIRFLOW__API__ENABLE_SWAGGER_UI", "False"},
                  {"AIRFLOW__API__EXPOSE_CONFIG", "Non-Sensitive-Only"},
                  {"AIRFLOW__API__HIDE_PAUSED_DAGS_BY_DEFAULT", "True"},
                  {"AIRFLOW__API__DEFAULT_WRAP", " t "},
                  {"AIRFLOW__API__REQUIRE_CONFIRMATION_DAG_CHANGE", "1"},
                  {"AIRFLOW__API__AUTO_REFRESH_INTERVAL", "30"},
                  {"AIRFLOW__API__FALLBACK_PAGE_LIMIT", "1"},
                  {"AIRFLOW__API__THEME", R"({"globalCss": {"a": {"color": "red"}}, "icon": "/mine.svg"})"},
                  {"AIRFLOW__CORE__TEST_CONNECTION", "hidden"},
                  {"AIRFLOW__CORE__RERUN_WITH_LATEST_VERSION", "True"}})
                .value()) {}

  /// Clears a run; whether it goes on with the newest version of its DAG.
  bool reruns_on_latest(json::object body) {
    body["dry_run"] = false;
    ok_json("POST", kRun + "/clear", body);
    return commands_.cleared.back().on_latest_version;
  }
};

TEST_F(SettingsTest, AreToldToTheUi) {
  const auto config = ok_json("GET", "/ui/config");
  EXPECT_EQ(get_text(config, "instance_name"), "Ours");
  EXPECT_FALSE(get_bool(config, "enable_swagger_ui", true));
  EXPECT_TRUE(get_bool(config, "hide_paused_dags_by_default", false));
  EXPECT_TRUE(get_bool(config, "default_wrap", false));
  EXPECT_TRUE(get_bool(config, "require_confirmation_dag_change", false));
  EXPECT_EQ(get_integer(config, "auto_refresh_interval", 0), 30);
  EXPECT_EQ(get_integer(config, "fallback_page_limit", 0), 1);
  EXPECT_EQ(get_text(config, "test_connection"), "Hidden");
  EXPECT_TRUE(get_bool(config, "rerun_with_latest_version", false));
}

TEST_F(SettingsTest, AThemeStandsBesideTheBadge) {
  const auto config = ok_json("GET", "/ui/config");
  const json::value& theme = *find(config, "theme");
  EXPECT_EQ(get_text(theme, "icon"), "/mine.svg");
  EXPECT_EQ(find(theme, "icon_dark_mode"), nullptr);
  EXPECT_EQ(json::serialize(*find(*find(theme, "globalCss"), "a")), R"({"color":"red"})");
  EXPECT_EQ(find(theme, "globalCss")->get_object().size(), 3U);
}

TEST_F(SettingsTest, APageHasAsManyRowsAsIsSetUnlessAsked) {
  const auto rows = [&](const char* query) {
    return find(ok_json("GET", "/api/v2/dags" + std::string(query)), "dags")->get_array().size();
  };
  EXPECT_EQ(rows(""), 1U);
  EXPECT_EQ(rows("?limit=2"), 2U);
}

TEST_F(SettingsTest, TheConfigurationIsAskedForOnceAndTold) {
  commands_.told = parse_json(R"([{"name": "core", "options": {"a": "1", "key": ""}, "sensitive": ["key"]},
                                  {"name": "api", "options": {"b": "2"}, "sensitive": []}])");
  EXPECT_EQ(get("/api/v2/config?section=api").body,
            R"({"sections":[{"name":"api","options":[{"key":"b","value":"2"}]}]})");
  EXPECT_EQ(get("/api/v2/config/section/Core/option/KEY").body,
            R"({"sections":[{"name":"Core","options":[{"key":"KEY","value":"< hidden >"}]}]})");
  EXPECT_EQ(get("/api/v2/config/section/core/option/b").status, 404);
  EXPECT_EQ(get("/api/v2/config?section=none").status, 404);
  EXPECT_EQ(commands_.questions, 1);
}

TEST_F(SettingsTest, WithoutItsPagesThereStillIsTheDescriptionOfTheApi) {
  EXPECT_EQ(call("GET", "/docs", "", false).status, 307);
  EXPECT_NE(get("/redoc").content().find("<base href"), std::string_view::npos) << "the UI's page";
  EXPECT_EQ(call("GET", "/openapi.json", "", false).status, 200);
}

TEST_F(SettingsTest, RunsGoOnWithTheNewestVersionUnlessTheirDagOrTheRequestSaysOtherwise) {
  EXPECT_TRUE(reruns_on_latest({}));
  EXPECT_FALSE(reruns_on_latest({{"run_on_latest_version", false}}));
  database_->connect()->execute(
      "UPDATE dag_version SET dag_hash = dag_hash || 'x', serialized = REPLACE(serialized, $1, $2)",
      {R"("catchup": false)", R"("catchup": false, "rerun_with_latest_version": false)"});
  EXPECT_FALSE(reruns_on_latest({}));
}

}  // namespace
}  // namespace leoflow::api
