#include <fmt/format.h>
#include <random>

#include "api/execution/fixture.hpp"
#include "api/execution/old_kwargs.hpp"

namespace leoflow::api::execution {
namespace {

TEST_F(ExecutionTest, ATaskBeginsOnceAndItsWorkerMayAskAgain) {
  const auto first = begin();
  EXPECT_EQ(first.status, 200);
  const json::value context = body_of(first);
  EXPECT_EQ(get_text(context.at("dag_run"), "run_id"), "r");
  EXPECT_TRUE(context.at("should_retry").as_bool());
  EXPECT_FALSE(context.as_object().contains("next_method"));
  EXPECT_EQ(state(), "running");
  EXPECT_EQ(begin().status, 200);
  const auto other = begin(8);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(body_of(other), *parse_json(R"({"detail": {"reason": "invalid_state", "previous_state": "running",
    "message": "TI was not in a state where it could be marked as running"}})"));
}

TEST_F(ExecutionTest, ATaskThatEndedCannotBeginAgain) {
  begin();
  EXPECT_EQ(end("success").status, 204);
  EXPECT_EQ(state(), "success");
  const auto again = begin();
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(get_text(body_of(again).at("detail"), "previous_state"), "success");
}

TEST_F(ExecutionTest, AnEndIsAcceptedTwiceButNotAnotherOne) {
  EXPECT_EQ(end("success").status, 409);
  begin();
  EXPECT_EQ(end("success").status, 204);
  EXPECT_EQ(end("success").status, 200);
  const auto other = end("failed");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(get_text(body_of(other).at("detail"), "previous_state"), "success");
}

TEST_F(ExecutionTest, ARetryIsANewAttemptAndTheOldOneIsGone) {
  begin();
  EXPECT_EQ(end("up_for_retry").status, 204);
  EXPECT_EQ(state(), "up_for_retry");
  EXPECT_EQ(end("up_for_retry").status, 404);
  const auto beat = call("PUT", own("/heartbeat"), R"({"hostname":"h","pid":7})");
  EXPECT_EQ(beat.status, 410);
  EXPECT_EQ(reason_of(beat), "not_found");
  EXPECT_EQ(call("PUT", own("/rtif"), "{}").status, 410);
}

TEST_F(ExecutionTest, WhatDoesNotSayThatItIsJsonIsATextAndRefused) {
  begin();
  const auto send = [this](std::string_view method, const std::string& target, std::string body) {
    return call(method, target, std::move(body),
                http::Headers{{"authorization", "Bearer " + token_}, {"content-type", "text/plain"}});
  };
  EXPECT_EQ(send("PATCH", own("/state"), R"({"state":"failed","end_date":"2026-01-01T00:00:00Z"})").status,
            422);
  EXPECT_EQ(send("PUT", own("/heartbeat"), R"({"hostname":"h","pid":7})").body,
            R"({"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid )"
            R"(dictionary or object to extract fields from","input":"{\"hostname\":\"h\",\"pid\":7}"}]})");
  EXPECT_EQ(
      send("POST", "/execution/xcoms/d/r/t/k", "1").body,
      R"({"detail":[{"type":"invalid-json-value","loc":["body"],"msg":"input was not a valid JSON value",)"
      R"("input":"1"}]})");
  EXPECT_EQ(state(), "running");
}

class WaitingTest : public ExecutionTest, public testing::WithParamInterface<const char*> {};

TEST_P(WaitingTest, ThatATaskWaitsMayBeToldTwiceButNotOnceItGoesOn) {
  begin();
  EXPECT_EQ(call("PATCH", own("/state"), GetParam()).status, 204);
  EXPECT_EQ(call("PATCH", own("/state"), GetParam()).status, 200);
  const auto other = end("success");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(get_text(body_of(other).at("detail"), "previous_state"), state());
  engine::ClearTasks command;
  command.dag_id = "d";
  command.tasks = {{"r", "t", -1}};
  ASSERT_TRUE(engine_.clear_tasks(command));
  EXPECT_EQ(call("PATCH", own("/state"), GetParam()).status, 404);
}

INSTANTIATE_TEST_SUITE_P(
    Reports, WaitingTest,
    testing::Values(
        R"({"state":"up_for_reschedule","reschedule_date":"2126-01-01T00:00:00Z","end_date":"2026-01-01T00:00:00Z"})",
        R"({"state":"deferred","classpath":"a.B","next_method":"go_on"})",
        R"({"state":"awaiting_input","next_method":"go_on"})"));

TEST_F(ExecutionTest, ATaskMaySayThatOneBeforeItFailed) {
  begin();
  EXPECT_EQ(end("upstream_failed").status, 204);
  EXPECT_EQ(state(), "upstream_failed");
  EXPECT_EQ(end("upstream_failed").status, 200);
}

TEST_F(ExecutionTest, AStateThatIsNoEndFailsTheTask) {
  begin();
  EXPECT_EQ(call("PATCH", own("/state"), R"({"state":"queued"})").status, 204);
  EXPECT_EQ(state(), "failed");
}

TEST_F(ExecutionTest, AHeartbeatOfSomebodyElseIsRefused) {
  const std::string beat = R"({"hostname":"h","pid":7})";
  EXPECT_EQ(reason_of(call("PUT", own("/heartbeat"), beat)), "running_elsewhere");
  begin();
  EXPECT_EQ(call("PUT", own("/heartbeat"), beat).status, 204);
  const auto elsewhere = call("PUT", own("/heartbeat"), R"({"hostname":"other","pid":7})");
  EXPECT_EQ(elsewhere.status, 409);
  EXPECT_EQ(get_text(body_of(elsewhere).at("detail"), "current_hostname"), "h");
  end("success");
  const auto late = call("PUT", own("/heartbeat"), beat);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(body_of(late), *parse_json(R"({"detail": {"reason": "not_running", "current_state": "success",
    "message": "TI is no longer in the running state and task should terminate"}})"));
}

TEST_F(ExecutionTest, ATaskMayWaitForATimeOrATrigger) {
  begin();
  EXPECT_EQ(
      call(
          "PATCH", own("/state"),
          R"({"state":"up_for_reschedule","reschedule_date":"2126-01-01T00:00:00Z","end_date":"2026-01-01T00:00:00Z"})")
          .status,
      204);
  EXPECT_EQ(state(), "up_for_reschedule");
}

TEST_F(ExecutionTest, ADeferralTakesItsTimeLimitAsPydanticDoes) {
  begin();
  EXPECT_EQ(call("PATCH", own("/state"),
                 R"({"state":"deferred","classpath":"a.B","next_method":"go_on","trigger_timeout":"soon"})")
                .status,
            422);
  EXPECT_EQ(call("PATCH", own("/state"),
                 R"({"state":"deferred","classpath":"a.B","next_method":"go_on","trigger_timeout":90.5})")
                .status,
            204);
  EXPECT_EQ(state(), "deferred");
}

TEST_F(ExecutionTest, XcomsAreWrittenReadCountedAndSliced) {
  EXPECT_EQ(call("GET", kXcom).status, 404);
  for (int i = 0; i < 3; ++i) {
    const auto put = call("POST", fmt::format("{}?map_index={}", kXcom, i), fmt::format("{{\"n\": {}}}", i));
    EXPECT_EQ(put.status, 201);
    EXPECT_EQ(put.body, R"({"message":"XCom successfully set"})");
  }
  EXPECT_EQ(body_of(call("GET", std::string(kXcom) + "?map_index=1")),
            *parse_json(R"({"key": "k/with/slashes", "value": {"n": 1}})"));
  EXPECT_EQ(header_of(call("HEAD", kXcom), "Content-Range"), "map_indexes 3");
  EXPECT_EQ(call("HEAD", std::string(kXcom) + "?map_index=1").status, 400);
  EXPECT_EQ(call("GET", std::string(kXcom) + "/item/-1").body, R"({"n":2})");
  EXPECT_EQ(call("GET", std::string(kXcom) + "/item/3").status, 404);
  EXPECT_EQ(call("GET", std::string(kXcom) + "/slice?start=-2").body, R"([{"n":1},{"n":2}])");
  EXPECT_EQ(get_integer(body_of(call("GET", std::string(kXcom) + "?offset=-1")).at("value"), "n", 0), 2);
  EXPECT_EQ(call("DELETE", std::string(kXcom) + "?map_index=1").status, 200);
  EXPECT_EQ(call("GET", std::string(kXcom) + "?map_index=1").status, 404);
}

TEST_F(ExecutionTest, ANullXcomIsThereAndOneThatLooksLikeARefusalToo) {
  EXPECT_EQ(call("POST", kXcom).status, 201);
  EXPECT_EQ(call("GET", kXcom).body, R"({"key":"k/with/slashes","value":null})");
  const std::string odd = R"({"type":"ErrorResponse","error":"XCOM_NOT_FOUND","detail":{}})";
  EXPECT_EQ(call("POST", kXcom, odd).status, 201);
  EXPECT_EQ(body_of(call("GET", kXcom)).at("value"), *parse_json(odd));
}

TEST_F(ExecutionTest, VariablesAndConnectionsAreFoundByNamesWithSlashes) {
  EXPECT_EQ(
      body_of(call("GET", "/execution/variables/a/b")),
      *parse_json(R"({"detail": {"reason": "not_found", "message": "Variable with key 'a/b' not found"}})"));
  EXPECT_EQ(call("PUT", "/execution/variables/a/b", R"({"val": "1", "description": null})").status, 201);
  EXPECT_EQ(call("GET", "/execution/variables/a/b").body, R"({"key":"a/b","value":"1"})");
  EXPECT_EQ(call("GET", "/execution/variables/keys?prefix=a").body, R"({"keys":["a/b"],"total_entries":1})");
  EXPECT_EQ(call("DELETE", "/execution/variables/a/b").status, 204);
  EXPECT_EQ(call("GET", "/execution/variables/a/b").status, 404);
  EXPECT_EQ(reason_of(call("GET", "/execution/connections/nobody")), "not_found");
}

TEST_F(ExecutionTest, RunsAreStartedOnceAndCleared) {
  EXPECT_EQ(call("POST", "/execution/dag-runs/d/two", "{}").status, 204);
  EXPECT_EQ(reason_of(call("POST", "/execution/dag-runs/d/two", R"({"reset_dag_run": true})")),
            "already_exists");
  EXPECT_EQ(call("GET", "/execution/dag-runs/d/two/state").body, R"({"state":"running"})");
  EXPECT_EQ(call("GET", "/execution/dag-runs/count?dag_id=d").body, "2");
  EXPECT_EQ(call("POST", "/execution/dag-runs/d/two/clear").status, 204);
  EXPECT_EQ(call("POST", "/execution/dag-runs/d/nine/clear").status, 404);
  EXPECT_EQ(reason_of(call("POST", "/execution/dag-runs/nobody/x", "{}")), "not_found");
  EXPECT_EQ(get_text(body_of(call("GET", "/execution/dag-runs/d/two")), "run_type"), "operator_triggered");
  EXPECT_EQ(call("GET", "/execution/dag-runs/previous?dag_id=d&logical_date=2000-01-01T00:00:00Z").body,
            "null");
}

TEST_F(ExecutionTest, TaskInstancesWithoutAStateAreCountedByNull) {
  EXPECT_EQ(call("GET", "/execution/task-instances/count?dag_id=d&states=null").body, "1");
  EXPECT_EQ(call("GET", "/execution/task-instances/count?dag_id=d&states=null&states=queued").body, "2");
  EXPECT_EQ(call("GET", "/execution/task-instances/count?dag_id=d&states=success").body, "0");
  EXPECT_EQ(call("GET", "/execution/task-instances/states?dag_id=d&task_ids=t").body,
            R"({"task_states":{"r":{"t":"queued"}}})");
  EXPECT_EQ(reason_of(call("GET", "/execution/task-instances/count?dag_id=d&task_group_id=g")), "not_found");
}

TEST_F(ExecutionTest, AQuestionToPeopleIsAskedAndAnswered) {
  const std::string path = "/execution/hitlDetails/" + task_.text();
  EXPECT_EQ(reason_of(call("GET", path)), "not_found");
  begin();
  const std::string id = R"("ti_id":")" + task_.text() + "\"";
  EXPECT_EQ(call("POST", path, "{" + id + R"(,"options":["a","b"],"subject":"which?"})").status, 201);
  EXPECT_FALSE(body_of(call("GET", path)).at("response_received").as_bool());
  const auto answered = call("PATCH", path, "{" + id + R"(,"chosen_options":["a"],"params_input":{}})");
  EXPECT_EQ(answered.status, 200);
  EXPECT_TRUE(body_of(answered).at("response_received").as_bool());
  EXPECT_EQ(call("PATCH", path, "{" + id + R"(,"chosen_options":["b"]})").status, 409);
}

TEST_F(ExecutionTest, StateStoresKeepWhatTheyAreGiven) {
  const std::string path = "/execution/store/ti/" + task_.text();
  EXPECT_EQ(call("GET", path + "/k/1").status, 404);
  EXPECT_EQ(call("PUT", path + "/k/1", R"({"value": [1]})").status, 204);
  EXPECT_EQ(call("GET", path + "/k/1").body, R"({"value":[1]})");
  EXPECT_EQ(call("PUT", path + "/k/1", R"({"value": null})").status, 422);
  EXPECT_EQ(call("DELETE", path).status, 204);
  EXPECT_EQ(call("GET", path + "/k/1").status, 404);
  EXPECT_EQ(reason_of(call("PUT", "/execution/store/asset/by-name/value?name=no&key=k", R"({"value": 1})")),
            "not_found");
}

TEST_F(ExecutionTest, BadFieldsAreNamedAsPydanticNamesThem) {
  EXPECT_EQ(body_of(call("PATCH", own("/run"), R"({"state":"running","foo":1})")), *parse_json(R"({"detail": [
    {"type":"missing","loc":["body","hostname"],"msg":"Field required","input":{"state":"running","foo":1}},
    {"type":"missing","loc":["body","unixname"],"msg":"Field required","input":{"state":"running","foo":1}},
    {"type":"missing","loc":["body","pid"],"msg":"Field required","input":{"state":"running","foo":1}},
    {"type":"missing","loc":["body","start_date"],"msg":"Field required","input":{"state":"running","foo":1}},
    {"type":"extra_forbidden","loc":["body","foo"],"msg":"Extra inputs are not permitted","input":1}]})"));
  EXPECT_EQ(body_of(call("GET", "/execution/variables/keys?limit=20000")), *parse_json(R"({"detail": [
    {"type":"less_than_equal","loc":["query","limit"],"msg":"Input should be less than or equal to 10000",
     "input":"20000","ctx":{"le":10000}}]})"));
  EXPECT_EQ(
      body_of(call("GET", "/execution/assets/by-name")),
      *parse_json(
          R"({"detail": [{"type":"missing","loc":["query","name"],"msg":"Field required","input":null}]})"));
}

TEST_F(ExecutionTest, AClientIsAnsweredInItsVersion) {
  const auto at = [&](std::string_view version, std::string_view path) {
    return call_as(version, "GET", path);
  };
  EXPECT_EQ(at("2024-01-01", "/execution/health").status, 404);
  EXPECT_EQ(at("soon", "/execution/health").status, 422);
  EXPECT_EQ(at("2099-01-01", "/execution/variables/keys").status, 200);
  EXPECT_EQ(header_of(at("2025-12-24", "/execution/health"), "Airflow-API-Version"), "2025-12-24");
  // Before there were keys, that was a variable's name.
  EXPECT_EQ(at("2026-04-06", "/execution/variables/keys").status, 404);
  EXPECT_EQ(at("2025-11-05", "/execution/dags/d").status, 404);
  EXPECT_EQ(at("2025-11-05", "/execution/dag-runs/d/previous?logical_date=2030-01-01T00:00:00Z").status, 200);
  EXPECT_EQ(at("2026-06-30", "/execution/dag-runs/d/previous").status, 404);
  const auto retry = [&](std::string_view version) {
    return call_as(version, "PATCH", own("/state"),
                   R"({"state":"up_for_retry","end_date":"2026-01-01T00:00:00Z","retry_delay_seconds":1})");
  };
  EXPECT_EQ(retry("2026-04-06").status, 422);
  EXPECT_EQ(retry("2026-06-30").status, 409);
}

TEST_F(ExecutionTest, TheContextOfATaskLosesWhatAVersionDidNotHave) {
  const auto context = [&](std::string_view version) {
    return body_of(call_as(
        version, "PATCH", own("/run"),
        R"({"state":"running","hostname":"h","unixname":"u","pid":7,"start_date":"2026-01-01T00:00:00Z"})"));
  };
  const json::value newest = context("2026-06-30");
  EXPECT_TRUE(newest.at("dag_run").as_object().contains("partition_date"));
  const json::value middle = context("2026-04-06");
  EXPECT_FALSE(middle.at("dag_run").as_object().contains("partition_date"));
  EXPECT_TRUE(middle.at("dag_run").as_object().contains("note"));
  const json::value oldest = context("2025-04-11");
  for (const char* name : {"note", "partition_key", "triggering_user_name", "state"}) {
    EXPECT_FALSE(oldest.at("dag_run").as_object().contains(name)) << name;
  }
  EXPECT_TRUE(oldest.at("upstream_map_indexes").is_null());
  EXPECT_TRUE(oldest.at("dag_run").at("conf").is_object());
}

TEST(OldKwargs, TimesAndCollectionsAreWrittenAsOldWorkersReadThem) {
  const json::value kwargs = *parse_json(R"({
    "plain": [1, "a", null], "when": {"__classname__": "pendulum.datetime.DateTime", "__version__": 2,
      "__data__": {"timestamp": 1.5, "tz": null}},
    "pair": {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, {"x": 2}]},
    "long": {"__classname__": "datetime.timedelta", "__version__": 2, "__data__": 3.0}})");
  EXPECT_EQ(to_old_kwargs(kwargs), *parse_json(R"({"__type": "dict", "__var": {
    "plain": [1, "a", null], "when": {"__type": "datetime", "__var": 1.5},
    "pair": {"__type": "tuple", "__var": [1, {"__type": "dict", "__var": {"x": 2}}]},
    "long": {"__type": "timedelta", "__var": 3.0}}})"));
  const json::value old = *parse_json(R"({"__type": "dict", "__var": {}})");
  EXPECT_EQ(to_old_kwargs(old), old);
}

TEST_F(ExecutionTest, GarbageIsRefusedAndChangesNothing) {
  const std::vector<std::string> pieces = {"{",
                                           "}",
                                           "[",
                                           "]",
                                           "\"state\"",
                                           ":",
                                           ",",
                                           "\"success\"",
                                           "null",
                                           "1e999",
                                           "\"\\ud800\"",
                                           "\x00\xff",
                                           "{\"state\":[]}",
                                           "\"end_date\"",
                                           "-0",
                                           "true"};
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same garbage each time
  const std::vector<std::pair<const char*, std::string>> targets = {
      {"PATCH", own("/run")},
      {"PATCH", own("/state")},
      {"PUT", own("/heartbeat")},
      {"PUT", own("/rtif")},
      {"PATCH", own("/skip-downstream")},
      {"PUT", "/execution/variables/v"},
      {"POST", "/execution/dag-runs/d/x%2"},
      {"POST", "/execution/hitlDetails/" + task_.text()},
      {"PATCH", own("/rendered-map-index")},
      {"GET", "/execution/xcoms/%ff/%00/%2e%2e/k/slice?start=99999999999999999999"},
      {"GET", "/execution/task-instances/count?dag_id=%00&logical_dates=x&map_index=-9223372036854775808"}};
  for (int i = 0; i < 600; ++i) {
    const auto& [method, path] = targets[random() % targets.size()];
    std::string body;
    for (std::size_t n = random() % 8; n > 0; --n) body += pieces[random() % pieces.size()];
    const int status = call(method, path, body).status;
    EXPECT_TRUE(status < 500) << status << " " << method << " " << path << " " << body;
  }
  std::string deep(100'000, '[');
  EXPECT_EQ(call("POST", kXcom, deep).status, 422);
  EXPECT_EQ(state(), "queued");
}

}  // namespace
}  // namespace leoflow::api::execution
