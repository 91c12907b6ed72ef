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
