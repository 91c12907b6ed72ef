#include "tasks/task_service.hpp"

#include <atomic>
#include <filesystem>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "engine/remembering_runner.hpp"
#include "store/temporary_database.hpp"
#include "tasks/startup_details.hpp"

namespace leoflow::tasks {
namespace {

constexpr const char* kDag =
    R"({"__version":3,"dag":{"dag_id":"d","is_paused_upon_creation":false,
    "timetable":{"__type":"airflow.timetables.simple.NullTimetable","__var":{}},
    "tasks":[{"__type":"operator","__var":{"task_id":"t"}}]}})";

/// A service over a real engine and store, with one attempt that runs.
class TaskServiceTest : public testing::Test {
 protected:
  TaskServiceTest() {
    engine_.start();
    engine::ParsedFile file;
    file.bundle_name = "b";
    file.relative_fileloc = "d.py";
    file.serialized_dags.push_back(*parse_json(kDag));
    std::promise<void> stored;
    engine_.put_file(std::move(file), [&] { stored.set_value(); });
    stored.get_future().get();
    engine::TriggerRun command;
    command.dag_id = "d";
    command.run_id = "r";
    EXPECT_TRUE(engine_.trigger_run(command));
    spec_ = runner_.started.get_future().get();
    caller_.attempt = spec_.id;
  }

  Answer ask(json::object request) {
    std::promise<Answer> answer;
    service_.handle(caller_, json::serialize(request), [&](Answer a) { answer.set_value(std::move(a)); });
    return answer.get_future().get();
  }
  json::value body(json::object request) {
    const Answer answer = ask(std::move(request));
    EXPECT_EQ(answer.error, "");
    return answer.body.empty() ? json::value(nullptr) : *parse_json(answer.body);
  }
  static json::object xcom(std::string_view type, json::object more = {}) {
    json::object out = {{"type", type}, {"dag_id", "d"}, {"run_id", "r"}, {"task_id", "t"}, {"key", "k"}};
    for (auto& [key, value] : more) out[key] = value;
    return out;
  }

  SystemClock clock_;
  store::TemporaryDatabase database_;
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  auth::Sealer sealer_{std::string(32, 's')};
  TaskService service_{*database_, engine_, sealer_, clock_};
  engine::AttemptSpec spec_;
  Caller caller_;
};

/// A database that is away when it is asked for the first few times.
class AwayDatabase final : public store::Database {
 public:
  AwayDatabase(store::Database& real, int times) : real_(real), times_(times) {}
  store::Backend backend() const override { return real_.backend(); }
  std::string description() const override { return real_.description(); }
  std::unique_ptr<store::Session> connect() override { return real_.connect(); }
  void create() override { real_.create(); }
  void drop_all() override { real_.drop_all(); }
  bool is_back() const { return times_ == 0; }

 protected:
  std::unique_ptr<store::Session> connect_for_reading(std::chrono::milliseconds) override {
    if (times_ > 0 && times_-- > 0) throw store::Unavailable("the server is starting up");
    return real_.connect();
  }

 private:
  store::Database& real_;
  std::atomic<int> times_;
};

TEST_F(TaskServiceTest, AQuestionWaitsForADatabaseThatIsAway) {
  const std::string value = sealer_.seal("of the table");
  database_->connect()->execute("INSERT INTO variable (key, value, updated_at) VALUES ('v', $1, 0)", {value});
  AwayDatabase away(*database_, 2);
  TaskService service(away, engine_, sealer_, clock_);
  std::promise<Answer> answer;
  service.handle(caller_, R"({"type":"GetVariable","key":"v"})",
                 [&](Answer a) { answer.set_value(std::move(a)); });
  const Answer given = answer.get_future().get();
  EXPECT_EQ(given.error, "");
  EXPECT_NE(given.body.find("of the table"), std::string::npos) << given.body;
  EXPECT_TRUE(away.is_back());
}

TEST_F(TaskServiceTest, AQuestionThatWaitsForTheDatabaseHasNoAnswerWhenTheServiceStops) {
  AwayDatabase away(*database_, 1'000'000);
  std::future<Answer> answer;
  {
    TaskService service(away, engine_, sealer_, clock_);
    const auto promise = std::make_shared<std::promise<Answer>>();
    answer = promise->get_future();
    service.handle(caller_, R"({"type":"GetVariable","key":"v"})",
                   [promise](Answer a) { promise->set_value(std::move(a)); });
  }
  EXPECT_THROW(answer.get(), std::future_error);
}

TEST_F(TaskServiceTest, WhatATaskChangesIsStoredInItsOrderThoughItDoesNotWait) {
  constexpr int kCount = 200;
  std::promise<void> last;
  for (int i = 0; i < kCount; ++i) {
    service_.handle(caller_, json::serialize(xcom("SetXCom", {{"value", i}})), [](const Answer&) {});
  }
  service_.handle(caller_, json::serialize(json::object{{"type", "SucceedTask"}}), [&](const Answer& answer) {
    EXPECT_EQ(answer.error, "");
    last.set_value();
  });
  last.get_future().get();
  EXPECT_EQ(body(xcom("GetXCom")).at("value"), kCount - 1);
}

TEST_F(TaskServiceTest, AnXcomOfADeletedRunIsDroppedAndTheEngineGoesOn) {
  EXPECT_TRUE(engine_.delete_run("d", "r"));
  EXPECT_EQ(ask(xcom("SetXCom", {{"value", 1}})).error, "");
  EXPECT_TRUE(body(xcom("GetXCom")).at("value").is_null());
}

TEST_F(TaskServiceTest, ARescheduleIsAcceptedWithADateAndRefusedWithoutOne) {
  engine_.attempt_started({spec_.id, "h", "u", 1, clock_.now()});
  EXPECT_NE(ask({{"type", "RescheduleTask"}, {"reschedule_date", "soon"}}).error.find("'soon'"),
            std::string::npos);
  EXPECT_EQ(ask({{"type", "RescheduleTask"}, {"reschedule_date", "2126-01-01T00:00:00Z"}}).error, "");
  const auto session = database_->read();
  const store::Rows rows =
      session->query("SELECT state, reschedule_count, try_number FROM task_instance WHERE task_id = 't'");
  EXPECT_EQ(rows[0].text(0), "up_for_reschedule");
  EXPECT_EQ(rows[0].integer(1), 1);
  EXPECT_EQ(rows[0].integer(2), 1);
}

TEST_F(TaskServiceTest, SlicesMayHoldTheValuesOfEarlierRuns) {
  engine::TriggerRun earlier;
  earlier.dag_id = "d";
  earlier.run_id = "before";
  earlier.logical_date = parse_iso("2020-01-01T00:00:00Z");
  EXPECT_TRUE(engine_.trigger_run(earlier));
  earlier.run_id = "now";
  earlier.logical_date = parse_iso("2021-01-01T00:00:00Z");
  EXPECT_TRUE(engine_.trigger_run(earlier));
  for (const char* run : {"before", "now"}) {
    EXPECT_EQ(ask(xcom("SetXCom", {{"value", run}, {"run_id", run}})).error, "");
  }
  const json::object slice = xcom("GetXComSequenceSlice", {{"run_id", "now"}});
  EXPECT_EQ(body(slice).at("root"), json::array{"now"});
  json::object with_earlier = slice;
  with_earlier["include_prior_dates"] = true;
  EXPECT_EQ(body(with_earlier).at("root"), (json::array{"now", "before"}));
}

TEST_F(TaskServiceTest, StartupDetailsHoldWhatTheSdkRequires) {
  const auto details = parse_json(startup_details(spec_));
  ASSERT_TRUE(details);
  EXPECT_EQ(get_text(details->at("ti"), "id"), spec_.id.text());
  EXPECT_EQ(get_text(details->at("ti_context").at("dag_run"), "run_id"), "r");
  EXPECT_TRUE(details->at("ti_context").at("dag_run").at("logical_date").is_null());
  EXPECT_EQ(get_text(*details, "dag_rel_path"), "d.py");
}

TEST_F(TaskServiceTest, XComsComeBackAndAreNullWhenMissing) {
  EXPECT_TRUE(body(xcom("GetXCom")).at("value").is_null());
  body(xcom("SetXCom", {{"value", {{"a", json::array{1, "two"}}}}}));
  EXPECT_EQ(json::serialize(body(xcom("GetXCom")).at("value")), R"({"a":[1,"two"]})");
  body(xcom("DeleteXCom"));
  EXPECT_TRUE(body(xcom("GetXCom")).at("value").is_null());
}

TEST_F(TaskServiceTest, AnXComIsAResultOfItsDagUntilAnotherTakesItsPlace) {
  const auto results = [&] {
    return database_->read()->query("SELECT COUNT(*) FROM xcom WHERE dag_result = 1")[0].integer(0);
  };
  body(xcom("SetXCom", {{"value", 1}, {"dag_result", true}}));
  EXPECT_EQ(results(), 1);
  body(xcom("SetXCom", {{"value", 2}}));
  EXPECT_EQ(results(), 0);
}

TEST_F(TaskServiceTest, XComSequencesAreCutAsPythonWould) {
  for (int i = 0; i < 4; ++i) body(xcom("SetXCom", {{"value", i}, {"map_index", i}}));
  EXPECT_EQ(body(xcom("GetXComCount")).at("len").as_int64(), 4);
  EXPECT_EQ(body(xcom("GetXComSequenceItem", {{"offset", -1}})).at("root").as_int64(), 3);
  EXPECT_NE(ask(xcom("GetXComSequenceItem", {{"offset", 9}})).body.find("XCOM_NOT_FOUND"), std::string::npos);
  const auto slice = [&](json::value start, json::value stop, json::value step) {
    return json::serialize(
        body(xcom("GetXComSequenceSlice", {{"start", start}, {"stop", stop}, {"step", step}})).at("root"));
  };
  EXPECT_EQ(slice(1, 3, nullptr), "[1,2]");
  EXPECT_EQ(slice(nullptr, nullptr, -1), "[3,2,1,0]");
  EXPECT_EQ(slice(-2, nullptr, nullptr), "[2,3]");
  EXPECT_EQ(slice(nullptr, nullptr, 2), "[0,2]");
  EXPECT_EQ(slice(3, 0, -2), "[3,1]");
}

TEST_F(TaskServiceTest, VariablesAreSealedInTheStore) {
  EXPECT_NE(ask({{"type", "GetVariable"}, {"key", "v"}}).body.find("VARIABLE_NOT_FOUND"), std::string::npos);
  body({{"type", "PutVariable"}, {"key", "v"}, {"value", "plain text"}, {"description", nullptr}});
  EXPECT_EQ(get_text(body({{"type", "GetVariable"}, {"key", "v"}}), "value"), "plain text");
  const auto session = database_->read();
  EXPECT_EQ(session->query("SELECT value FROM variable")[0].text(0).find("plain"), std::string::npos);
  EXPECT_EQ(json::serialize(body({{"type", "GetVariableKeys"}, {"prefix", "v"}}).at("keys")), R"(["v"])");
  EXPECT_EQ(json::serialize(body({{"type", "GetVariableKeys"}, {"prefix", "%"}}).at("keys")), "[]");
  body({{"type", "DeleteVariable"}, {"key", "v"}});
  EXPECT_NE(ask({{"type", "GetVariable"}, {"key", "v"}}).body.find("VARIABLE_NOT_FOUND"), std::string::npos);
}

TEST_F(TaskServiceTest, ConnectionsAreOpenedForTheTask) {
  ASSERT_TRUE(engine_.write([&](store::Session& session) -> Result<void> {
    session.execute(
        "INSERT INTO connection (conn_id, conn_type, login, password, port, updated_at)"
        " VALUES ('c', 'postgres', 'me', $1, 5432, 0)",
        {sealer_.seal("hunter2")});
    return {};
  }));
  const auto connection = body({{"type", "GetConnection"}, {"conn_id", "c"}});
  EXPECT_EQ(get_text(connection, "password"), "hunter2");
  EXPECT_EQ(connection.at("port").as_int64(), 5432);
  EXPECT_TRUE(connection.at("extra").is_null());
  EXPECT_NE(ask({{"type", "GetConnection"}, {"conn_id", "x"}}).body.find("CONNECTION_NOT_FOUND"),
            std::string::npos);
}

class SecretScopeTest : public TaskServiceTest {
 protected:
  SecretScopeTest() {
    for (const char* key : {"team_a", "team_b", "other"})
      body({{"type", "PutVariable"}, {"key", key}, {"value", "v"}, {"description", nullptr}});
  }
  void declare(const std::string& secrets) {
    EXPECT_TRUE(engine_.write([&](store::Session& session) -> Result<void> {
      session.execute("UPDATE dag_version SET secrets = $1", {secrets});
      return {};
    }));
  }
  std::string ask_in(SecretScope scope, const Caller& caller, json::object request) {
    TaskService service(*database_, engine_, sealer_, clock_, 1024, scope);
    std::promise<Answer> answer;
    service.handle(caller, json::serialize(request), [&](Answer a) { answer.set_value(std::move(a)); });
    const Answer told = answer.get_future().get();
    return told.body + told.error;
  }
  bool may_read(SecretScope scope, const std::string& key) { return may_read(scope, caller_, key); }
  bool may_read(SecretScope scope, const Caller& caller, const std::string& key) {
    const std::string told = ask_in(scope, caller, {{"type", "GetVariable"}, {"key", key}});
    EXPECT_NE(told.find("VariableResult") == std::string::npos,
              told.find("PERMISSION_DENIED") == std::string::npos)
        << told;
    return told.find("VariableResult") != std::string::npos;
  }
};

TEST_F(SecretScopeTest, ATaskHasWhatItsProjectDeclaresAndNothingElse) {
  constexpr auto kDeclared = SecretScope::declared;
  EXPECT_FALSE(may_read(kDeclared, "other")) << "nothing is declared";
  declare(
      R"({"variables": ["team_*"], "connections": [], "tasks": {"t": {"variables": ["mine"]}, "u": {"variables": ["other"]}}})");
  EXPECT_TRUE(may_read(kDeclared, "team_a"));
  EXPECT_FALSE(may_read(kDeclared, "team")) << "a prefix is not a name";
  EXPECT_FALSE(may_read(kDeclared, "other")) << "declared for another task";
  const std::string refused =
      ask_in(kDeclared, caller_, {{"type", "GetConnection"}, {"conn_id", "warehouse"}});
  EXPECT_NE(refused.find("connection 'warehouse' is not declared"), std::string::npos) << refused;
  const json::object put = {
      {"type", "PutVariable"}, {"key", "other"}, {"value", "x"}, {"description", nullptr}};
  EXPECT_NE(ask_in(kDeclared, caller_, put).find("403"), std::string::npos);
  EXPECT_NE(ask_in(kDeclared, caller_, {{"type", "DeleteVariable"}, {"key", "other"}}).find("403"),
            std::string::npos);
  const json::object own = {
      {"type", "PutVariable"}, {"key", "mine"}, {"value", "x"}, {"description", nullptr}};
  EXPECT_EQ(ask_in(kDeclared, caller_, own), "");
  const std::string keys = ask_in(kDeclared, caller_, {{"type", "GetVariableKeys"}, {"prefix", ""}});
  EXPECT_EQ(keys, R"({"keys":["mine","team_a","team_b"],"total_entries":3,"type":"VariableKeysResult"})");
  EXPECT_EQ(ask_in(kDeclared, caller_,
                   {{"type", "GetVariableKeys"}, {"prefix", "team"}, {"limit", 1}, {"offset", 1}}),
            R"({"keys":["team_b"],"total_entries":2,"type":"VariableKeysResult"})");
  // A DAG file that is parsed is nobody's task yet.
  EXPECT_NE(ask_in(kDeclared, {}, {{"type", "GetVariable"}, {"key", "other"}}).find("VariableResult"),
            std::string::npos);
}

TEST_F(SecretScopeTest, WherePermissiveAProjectThatDeclaresIsHeldToIt) {
  EXPECT_TRUE(may_read(SecretScope::permissive, "other"));
  declare(R"({"variables": ["team_a"], "connections": []})");
  EXPECT_TRUE(may_read(SecretScope::permissive, "team_a"));
  EXPECT_FALSE(may_read(SecretScope::permissive, "other"));
}

TEST_F(SecretScopeTest, ACallbackOfATryThatIsToBeTriedAgainHasThemStill) {
  declare(R"({"variables": ["team_a"], "connections": []})");
  engine_.attempt_started({spec_.id, "h", "u", 1, clock_.now()});
  body({{"type", "RetryTask"}});
  EXPECT_TRUE(may_read(SecretScope::declared, "team_a"));
  EXPECT_FALSE(may_read(SecretScope::declared, "other"));
}

TEST_F(SecretScopeTest, WhatWorksForATaskOrADagHasWhatThatHas) {
  constexpr auto kDeclared = SecretScope::declared;
  declare(R"({"variables": ["team_a"], "connections": [], "tasks": {"t": {"variables": ["other"]}}})");
  const Caller trigger{{}, Behalf{spec_.id, "d"}};
  EXPECT_TRUE(may_read(kDeclared, trigger, "team_a"));
  EXPECT_TRUE(may_read(kDeclared, trigger, "other")) << "declared for its task";
  EXPECT_FALSE(may_read(kDeclared, trigger, "team_b"));
  const Caller timetable{{}, Behalf{{}, "d"}};
  EXPECT_TRUE(may_read(kDeclared, timetable, "team_a"));
  EXPECT_FALSE(may_read(kDeclared, timetable, "other")) << "it is no task";
  const Caller nobody{{}, Behalf{}};
  EXPECT_FALSE(may_read(kDeclared, nobody, "team_a"));
  EXPECT_TRUE(may_read(SecretScope::permissive, nobody, "team_a"));
  EXPECT_NE(ask_in(kDeclared, trigger, {{"type", "SetXCom"}, {"key", "k"}, {"value", 1}}).find("403"),
            std::string::npos)
      << "it is no attempt";
}

TEST_F(SecretScopeTest, EachUseIsWrittenDown) {
  declare(R"({"variables": ["team_a"], "connections": []})");
  EXPECT_TRUE(may_read(SecretScope::declared, "team_a"));
  EXPECT_FALSE(may_read(SecretScope::declared, "other"));
  EXPECT_TRUE(engine_.write([](store::Session&) -> Result<void> { return {}; }));
  const store::Rows rows = database_->read()->query(
      "SELECT event, owner, dag_id, run_id, task_id, extra FROM event_log ORDER BY id");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].text(0), "get_variable");
  EXPECT_EQ(rows[0].text(1), "task");
  EXPECT_EQ(rows[0].text(2) + rows[0].text(3) + rows[0].text(4), "drt");
  EXPECT_EQ(rows[0].text(5), R"({"variable":"team_a","granted":true})");
  EXPECT_EQ(rows[1].text(5), R"({"variable":"other","granted":false})");
}

TEST_F(TaskServiceTest, ATaskReportsItsEndOnce) {
  body({{"type", "SetRenderedFields"}, {"rendered_fields", {{"bash_command", "ls"}}}});
  body({{"type", "SucceedTask"}});
  const auto session = database_->read();
  EXPECT_EQ(session->query("SELECT state FROM task_instance")[0].text(0), "success");
  EXPECT_EQ(session->query("SELECT fields FROM rendered_fields")[0].text(0), R"({"bash_command":"ls"})");
  EXPECT_NE(ask({{"type", "SucceedTask"}}).error.find("not running any more"), std::string::npos);
}

TEST_F(TaskServiceTest, RunsAnswerAboutThemselves) {
  EXPECT_EQ(get_text(body({{"type", "GetDagRunState"}, {"dag_id", "d"}, {"run_id", "r"}}), "state"),
            "running");
  EXPECT_EQ(body({{"type", "GetDRCount"}, {"dag_id", "d"}}).at("count").as_int64(), 1);
  EXPECT_EQ(body({{"type", "GetDRCount"}, {"dag_id", "d"}, {"states", {"failed"}}}).at("count").as_int64(),
            0);
  EXPECT_EQ(body({{"type", "GetTICount"}, {"dag_id", "d"}, {"task_ids", {"t"}}}).at("count").as_int64(), 1);
  EXPECT_NE(ask({{"type", "GetDagRun"}, {"dag_id", "d"}, {"run_id", "nobody"}}).error.find("404"),
            std::string::npos);
  EXPECT_TRUE(body({{"type", "GetPrevSuccessfulDagRun"}}).is_object());
}

TEST_F(TaskServiceTest, TriggeringTheSameRunTwiceSaysSo) {
  const json::object request = {{"type", "TriggerDagRun"}, {"dag_id", "d"}, {"run_id", "again"}};
  runner_.started = {};
  EXPECT_EQ(get_text(body(request), "type"), "OKResponse");
  EXPECT_NE(ask(request).body.find("DAGRUN_ALREADY_EXISTS"), std::string::npos);
}

TEST_F(TaskServiceTest, ARunWhoseTriggeringIsAskedForAgainIsTriggeredOnce) {
  engine_.attempt_started({spec_.id, "h", "u", 1, clock_.now()});
  json::object request = {{"type", "TriggerDagRun"}, {"dag_id", "d"}, {"run_id", "again"}};
  runner_.started = {};
  EXPECT_EQ(get_text(body(request), "type"), "OKResponse");
  caller_.may_repeat = true;
  EXPECT_EQ(get_text(body(request), "type"), "OKResponse") << "its answer was lost";
  request["reset_dag_run"] = true;
  EXPECT_EQ(get_text(body(request), "type"), "OKResponse");
  const auto session = database_->connect();
  EXPECT_EQ(session->query("SELECT clear_number FROM dag_run WHERE run_id = 'again'")[0].integer(0), 0)
      << "it was not cleared";
}

TEST_F(TaskServiceTest, AFileBeingParsedMayReadButNotWriteXComs) {
  caller_ = Caller{};
  EXPECT_NE(ask(xcom("SetXCom", {{"value", 1}})).error.find("403"), std::string::npos);
}

TEST_F(TaskServiceTest, NamesThatNoIndexTakesAreRefused) {
  json::object request = xcom("SetXCom", {{"value", 1}});
  request["key"] = std::string(513, 'k');
  const std::string error = ask(request).error;
  EXPECT_NE(error.find("422"), std::string::npos);
  EXPECT_NE(error.find("key has 513 bytes, at most 512 are possible"), std::string::npos);
  request["key"] = std::string(512, 'k');
  EXPECT_EQ(ask(request).error, "");
  EXPECT_NE(ask({{"type", "TriggerDagRun"}, {"dag_id", "d"}, {"run_id", "../../out"}}).error.find("'..'"),
            std::string::npos);
}

TEST_F(TaskServiceTest, NonsenseIsRefused) {
  std::promise<Answer> answer;
  service_.handle(caller_, "{not json", [&](Answer a) { answer.set_value(std::move(a)); });
  EXPECT_NE(answer.get_future().get().error, "");
  EXPECT_NE(ask({{"type", "NoSuchThing"}}).error.find("NoSuchThing"), std::string::npos);
  EXPECT_NE(ask({{"type", "FlyToTheMoon"}}).error.find("not supported yet"), std::string::npos);
}

}  // namespace
}  // namespace leoflow::tasks
