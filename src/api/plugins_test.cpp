#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

json::value told_plugins() {
  return json::object{{"plugins", json::array{json::object{{"name", "a"}}, json::object{{"name", "b"}}}},
                      {"import_errors", json::array{json::object{{"source", "x.py"}, {"error", "no"}}}},
                      {"prefixes", json::array{"/mine"}},
                      {"warnings", json::array()}};
}

TEST_F(ApiTest, PluginsAreAskedForOnceAndPaged) {
  commands_.told = told_plugins();
  EXPECT_EQ(get("/api/v2/plugins?limit=1&offset=1").body, R"({"plugins":[{"name":"b"}],"total_entries":2})");
  EXPECT_EQ(get("/api/v2/plugins?offset=5").body, R"({"plugins":[],"total_entries":2})");
  EXPECT_EQ(get("/api/v2/plugins/importErrors").body,
            R"({"import_errors":[{"source":"x.py","error":"no"}],"total_entries":1})");
  EXPECT_EQ(commands_.questions, 1);
}

TEST_F(ApiTest, WhatIsKnownOfPluginsIsAnsweredWhileTheyAreReadAgain) {
  commands_.told = told_plugins();
  get("/api/v2/plugins");
  commands_.silent = true;
  api_->renew_plugins();
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/plugins"), "total_entries", 0), 2);
  EXPECT_EQ(commands_.questions, 2);
}

TEST_F(ApiTest, PluginsAreKnownAtOnceAfterARestart) {
  const auto file = folder_ / "plugins.json";
  commands_.told = told_plugins();
  PluginList(file).renew(commands_);
  commands_.silent = true;
  PluginList again(file);
  EXPECT_EQ((*again.read(commands_))->plugins.size(), 2U);
  EXPECT_EQ(again.serves("/mine/a"), true);
  EXPECT_EQ(commands_.questions, 1);
}

TEST_F(ApiTest, WherePythonIsStartedOnDemandOtherPluginsAreAskedForWhenTheyAreWanted) {
  commands_.told = told_plugins();
  PluginList on_demand("", true);
  PluginList always("");
  for (PluginList* list : {&on_demand, &always}) {
    ASSERT_TRUE(list->read(commands_));
    list->forget();
  }
  commands_.told = json::object{{"plugins", json::array()}};
  EXPECT_EQ((*on_demand.read(commands_))->plugins.size(), 0U);
  EXPECT_EQ((*always.read(commands_))->plugins.size(), 2U) << "its pages are still being served";
}

TEST_F(ApiTest, PluginsThatCannotBeReadAreAskedForAgain) {
  commands_.told = fail(ErrorCode::invalid, "Python says no");
  EXPECT_EQ(get("/api/v2/plugins").status, 503);
  commands_.told = told_plugins();
  EXPECT_EQ(get("/api/v2/plugins").status, 200);
}

TEST_F(ApiTest, UnknownPluginsLeavePagesAloneAndPutOffTheRest) {
  EXPECT_EQ(get("/mine").status, 200);
  EXPECT_EQ(call("POST", "/mine", "{}").status, 503);
  commands_.told = told_plugins();
  api_->renew_plugins();
  EXPECT_EQ(call("POST", "/mine", "{}").status, 200);
  EXPECT_EQ(call("POST", "/mineral", "{}").status, 405);
}

TEST_F(ApiTest, ApplicationsOfPluginsLearnWhoAsksButGetNoToken) {
  commands_.told = told_plugins();
  api_->renew_plugins();
  const auto sent = ok_json("GET", "/mine/a");
  EXPECT_EQ(find(sent, "authorization"), nullptr);
  EXPECT_EQ(get_text(sent, "x-leoflow-user"), "admin");
  EXPECT_EQ(get_text(sent, "x-leoflow-role"), "admin");
}

/// What the UI's page may do when a plugin has a view or a React application there.
class PolicyTest : public ApiTest {
 protected:
  std::string policy(const json::value& views, const json::value& apps) {
    commands_.told = told_plugins();
    json::object& plugin = commands_.told->at("plugins").at(0).as_object();
    plugin["external_views"] = views;
    plugin["react_apps"] = apps;
    api_->renew_plugins();
    return policy_of(get("/"));
  }
  static std::string policy_of(const http::Response& page) {
    for (const auto& [name, value] : page.headers) {
      if (name == "Content-Security-Policy") return value;
    }
    return "";
  }
  static json::value view(std::string_view href) {
    return json::array{json::object{{"href", href}, {"url_route", "mine"}}};
  }
  static json::value app(std::string_view url) { return json::array{json::object{{"bundle_url", url}}}; }
};

TEST_F(PolicyTest, NamesTheHostsOfFramesAndBundlesAndNothingElse) {
  const std::string without = policy(nullptr, nullptr);
  EXPECT_NE(without.find("; frame-src 'self';"), std::string::npos) << without;
  const std::string with =
      policy(view("HTTPS://Frames.example:8443/{DAG_ID}?a=;b"), app("http://bundles.example/main.js"));
  std::string expected = without;
  for (const auto& [directive, origin] :
       {std::pair{"frame-src 'self'", " https://frames.example:8443"},
        {"script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:", " http://bundles.example"},
        {"style-src 'self' 'unsafe-inline'", " http://bundles.example"},
        {"connect-src 'self'", " http://bundles.example"}}) {
    const std::size_t at = expected.find(directive);
    ASSERT_NE(at, std::string::npos) << directive;
    expected.insert(at + std::string_view(directive).size(), origin);
  }
  EXPECT_EQ(with, expected);
  EXPECT_EQ(policy_of(get("/auth/login")), without) << "no plugin is shown there";
}

TEST_F(PolicyTest, AViewThatIsALinkNeedsNothing) {
  const std::string without = policy(nullptr, nullptr);
  EXPECT_EQ(
      policy(json::array{json::object{{"href", "https://a.example/"}, {"url_route", nullptr}}}, nullptr),
      without);
}

TEST_F(PolicyTest, OneHostIsNamedOnce) {
  const json::value twice = json::array{json::object{{"href", "https://a.example/1"}, {"url_route", "1"}},
                                        json::object{{"href", "https://a.example/2"}, {"url_route", "2"}}};
  EXPECT_NE(policy(twice, nullptr).find("frame-src 'self' https://a.example;"), std::string::npos);
}

TEST_F(PolicyTest, OddUrlsAddNothing) {
  const std::string without = policy(nullptr, nullptr);
  for (const char* url : {"",
                          "/mine/page",
                          "page",
                          "//a.example/x",
                          "javascript:alert(1)",
                          "data:text/html,x",
                          "blob:https://a",
                          "https://",
                          "https:///x",
                          "https://a.example; script-src *",
                          "https://a.example;script-src",
                          "https://a.example/ ; script-src *",
                          "https://a.example\n; script-src *",
                          "https://a.example/\r\nX: y",
                          "https://*",
                          "https://*.example",
                          "https://me@a.example/",
                          "https://a.example:*",
                          "https://a.example:",
                          "https://a.example:123456",
                          "https://a.example:80:80",
                          "https://{DAG_ID}.example/",
                          "https://a.example\\@b.example/",
                          "https://'self'",
                          "https://a,b",
                          "https://[::1]/",
                          "https://b\xc3\xbc.example/",
                          " https://a.example",
                          "ws://a.example",
                          "*",
                          "'unsafe-eval'"})
    EXPECT_EQ(policy(view(url), app(url)), without) << url;
}

TEST_F(ApiTest, JobsAreTheLivingPartsOfLeoflow) {
  const Time early = now_ - std::chrono::hours(1);
  processes_ = {{"SchedulerJob", "here", "me", now_, now_},
                {"TriggererJob", "there", "me", early, now_ - std::chrono::minutes(5)}};
  const auto names = [this](std::string_view query) {
    std::string out;
    const auto told = ok_json("GET", "/api/v2/jobs?" + std::string(query));
    for (const json::value& job : find(told, "jobs")->get_array()) {
      out += get_text(job, "job_type").substr(0, 1);
    }
    return out;
  };
  EXPECT_EQ(names(""), "ST");
  EXPECT_EQ(names("order_by=-id"), "TS");
  EXPECT_EQ(names("order_by=start_date"), "TS");
  EXPECT_EQ(names("order_by=unixname&order_by=-hostname"), "TS");
  EXPECT_EQ(names("limit=1"), "S");
  EXPECT_EQ(names("offset=1"), "T");
  EXPECT_EQ(names("is_alive=true"), "S");
  EXPECT_EQ(names("is_alive=false"), "T");
  EXPECT_EQ(names("job_type=TriggererJob"), "T");
  EXPECT_EQ(names("hostname=here"), "S");
  EXPECT_EQ(names("executor_class=LocalExecutor"), "") << "there may be several";
  EXPECT_EQ(names("job_state=running"), "ST");
  EXPECT_EQ(names("job_state=success"), "");
  EXPECT_EQ(names("end_date_gte=2020-01-01T00:00:00Z&end_date_gt=2030-01-01T00:00:00Z"), "ST");
  EXPECT_EQ(names("end_date_lte=2025-10-09T08:53:20Z"), "ST") << "they may end now";
  EXPECT_EQ(names("end_date_lt=2025-10-09T08:53:20Z"), "");
  EXPECT_EQ(names("start_date_lt=2025-10-09T08:00:00Z"), "T");
  EXPECT_EQ(get("/api/v2/jobs?order_by=secret").status, 400);
  const auto jobs = ok_json("GET", "/api/v2/jobs");
  const json::value& scheduler = find(jobs, "jobs")->get_array()[0];
  EXPECT_EQ(get_text(scheduler, "state"), "running");
  EXPECT_TRUE(find(scheduler, "executor_class")->is_null());
  EXPECT_TRUE(find(scheduler, "end_date")->is_null());
}

TEST_F(ApiTest, HealthIsThatOfTheProcesses) {
  processes_ = {{"SchedulerJob", "here", "me", now_, now_ - std::chrono::minutes(1)},
                {"TriggererJob", "gone", "me", now_, now_ - std::chrono::minutes(5)},
                {"TriggererJob", "there", "me", now_, now_}};
  const auto health = ok_json("GET", "/api/v2/monitor/health");
  EXPECT_EQ(get_text(*find(health, "scheduler"), "status"), "unhealthy");
  EXPECT_EQ(get_text(*find(health, "triggerer"), "status"), "healthy");
  EXPECT_TRUE(find(*find(health, "dag_processor"), "status")->is_null());
}

}  // namespace
}  // namespace leoflow::api
