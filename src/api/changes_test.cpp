#include <algorithm>

#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

std::vector<std::string> names(const json::value& document) {
  std::vector<std::string> out;
  for (const json::value& task : find(document, "task_instances")->get_array()) {
    out.push_back(get_text(task, "dag_run_id") + "/" + get_text(task, "task_id"));
  }
  std::sort(out.begin(), out.end());
  return out;
}

using Names = std::vector<std::string>;

TEST_F(ApiTest, PausingIsAudited) {
  const auto dag =
      ok_json("PATCH", "/api/v2/dags/hello?update_mask=is_paused", json::object{{"is_paused", true}});
  EXPECT_TRUE(get_bool(dag, "is_paused", false));
  const auto log = ok_json("GET", "/api/v2/eventLogs?dag_id=hello");
  const json::value& event = find(log, "event_logs")->get_array().at(0);
  EXPECT_EQ(get_text(event, "event"), "patch_dag");
  EXPECT_EQ(get_text(event, "owner"), "admin");
}

TEST_F(ApiTest, SecretsInBodiesOfAnotherShapeAreNotWrittenDown) {
  const char* const kBodies[] = {
      R"({"connection_id": "c", "conn_type": "http", "extra": {"x": "s3cret"}})",
      R"({"actions": {"entities": [{"connection_id": "c", "extra": "s3cret"}]}})",
      R"({"actions": [{"action": "create", "entities": {"extra": "s3cret"}}]})",
      R"({"actions": [{"action": "create", "entities": [["s3cret"]]}, "s3cret"]})",
  };
  for (const char* body : kBodies) {
    call("POST", "/api/v2/connections", body);
    call("PATCH", "/api/v2/connections", body);
  }
  const std::string log(get("/api/v2/eventLogs?limit=100").content());
  EXPECT_NE(log.find("post_connection"), std::string::npos);
  EXPECT_NE(log.find("bulk_connections"), std::string::npos);
  EXPECT_EQ(log.find("s3cret"), std::string::npos) << log;
}

TEST_F(ApiTest, VeryLongBodiesAreNotWrittenDown) {
  call("POST", "/api/v2/dags/hello/favorite", R"({"a": ")" + std::string(100'000, 'x') + R"("})");
  const auto log = ok_json("GET", "/api/v2/eventLogs?event=favorite_dag");
  const json::value& event = find(log, "event_logs")->get_array().at(0);
  EXPECT_NE(get_text(event, "extra").find("left_out_bytes"), std::string::npos);
  EXPECT_LT(get_text(event, "extra").size(), 100U);
}

TEST_F(ApiTest, TriggeringPassesConfAndDates) {
  const auto run =
      ok_json("POST", "/api/v2/dags/hello/dagRuns",
              json::object{{"logical_date", "2026-01-01T00:00:00Z"}, {"conf", json::object{{"x", 1}}}});
  EXPECT_EQ(get_text(run, "dag_run_id"), "manual__1");
  ASSERT_EQ(commands_.triggered.size(), 1U);
  EXPECT_EQ(commands_.triggered[0].conf.at("x"), 1);
  EXPECT_TRUE(commands_.triggered[0].logical_date);
  EXPECT_EQ(commands_.triggered[0].user, "admin");
}

TEST_F(ApiTest, TriggeringRefusesBadRequests) {
  const auto trigger = [&](std::string_view dag, json::object body) {
    body.emplace("logical_date", nullptr);
    return call("POST", "/api/v2/dags/" + std::string(dag) + "/dagRuns", json::serialize(body)).status;
  };
  EXPECT_EQ(trigger("none", {}), 404);
  EXPECT_EQ(trigger("hello", {{"dag_run_id", "taken"}}), 409);
  EXPECT_EQ(trigger("hello", {{"dag_run_id", "a/b"}}), 400);
  EXPECT_EQ(trigger("hello", {{"data_interval_start", "2026-01-01T00:00:00Z"}}), 422);
  EXPECT_EQ(call("POST", "/api/v2/dags/hello/dagRuns", "{}").status, 422);
}

TEST_F(ApiTest, ClearDryRunFindsRelatives) {
  const auto clear = [&](json::object body) {
    body["dag_run_id"] = "manual__1";
    return names(ok_json("POST", "/api/v2/dags/hello/clearTaskInstances", body));
  };
  EXPECT_EQ(clear({{"task_ids", {"work.left"}}, {"only_failed", false}}), (Names{"manual__1/work.left"}));
  EXPECT_EQ(clear({{"task_ids", {"work.left"}}, {"only_failed", false}, {"include_downstream", true}}),
            (Names{"manual__1/report", "manual__1/work.left"}));
  EXPECT_EQ(clear({{"task_ids", {"report"}}, {"include_upstream", true}}),
            (Names{"manual__1/report", "manual__1/work.left"}));
  EXPECT_EQ(clear({{"task_ids", {"extract"}}, {"only_failed", false}, {"include_future", true}}),
            (Names{"manual__1/extract", "manual__2/extract"}));
  EXPECT_EQ(clear({{"task_ids", json::array{json::array{"work.right", 0}}}, {"only_failed", false}}),
            (Names{"manual__1/work.right"}));
  EXPECT_EQ(clear({{"task_ids", json::array{json::array{"work.right", 1}}}, {"only_failed", false}}),
            Names{});
  EXPECT_TRUE(commands_.cleared.empty());
}

TEST_F(ApiTest, ClearingGoesThroughTheEngine) {
  ok_json("POST", "/api/v2/dags/hello/clearTaskInstances",
          json::object{{"dry_run", false}, {"dag_run_id", "manual__1"}, {"note", "again"}});
  ASSERT_EQ(commands_.cleared.size(), 1U);
  EXPECT_EQ(commands_.cleared[0].tasks.size(), 2U);  // the failed one and its victim
  EXPECT_EQ(commands_.cleared[0].note, "again");
  ok_json("POST", kRun + "/clear", json::object{{"dry_run", false}, {"only_failed", false}});
  EXPECT_EQ(commands_.cleared[1].tasks.size(), 4U);
}

TEST_F(ApiTest, MarkDryRunLeavesOutWhatHasTheState) {
  const auto found = ok_json(
      "PATCH", kRun + "/taskInstances/work.left/dry_run",
      json::object{{"new_state", "success"}, {"include_upstream", true}, {"include_downstream", true}});
  EXPECT_EQ(names(found), (Names{"manual__1/report", "manual__1/work.left"}));
  EXPECT_TRUE(commands_.marked.empty());
}

TEST_F(ApiTest, MarkingGoesThroughTheEngineAndSetsTheNote) {
  ok_json("PATCH", kRun + "/taskInstances/work.left",
          json::object{{"new_state", "success"}, {"note", "fine"}});
  ASSERT_EQ(commands_.marked.size(), 1U);
  EXPECT_EQ(commands_.marked[0].state, "success");
  EXPECT_EQ(get_text(ok_json("GET", kRun + "/taskInstances/work.left"), "note"), "fine");
}

TEST_F(ApiTest, MarkingRefusesOtherStatesAndRepeats) {
  EXPECT_EQ(call("PATCH", kRun + "/taskInstances/work.left", R"({"new_state": "running"})").status, 422);
  EXPECT_EQ(call("PATCH", kRun + "/taskInstances/extract", R"({"new_state": "success"})").status, 409);
  EXPECT_EQ(call("PATCH", kRun + "/taskInstances/none", R"({"new_state": "success"})").status, 404);
}

TEST_F(ApiTest, MarkingAsNothingIsRefusedBeforeAnythingIsLookedUp) {
  const std::string kNothing = R"({"new_state": null, "note": "changed"})";
  for (const std::string path : {"taskInstances/extract", "taskInstances/extract/-1", "taskInstances/none",
                                 "taskGroupInstances/work", "taskGroupInstances/none"}) {
    for (const std::string end : {"", "/dry_run", "?update_mask=note"}) {
      const auto said = call("PATCH", kRun + "/" + path + end, kNothing);
      EXPECT_EQ(said.status, 422) << path << end;
      EXPECT_NE(said.body.find(R"("msg":"Value error, 'new_state' should not be empty","input":null)"),
                std::string::npos)
          << said.body;
    }
  }
  for (const std::string action : {"update", "delete"}) {
    const auto said = call("PATCH", kRun + "/taskInstances",
                           R"({"actions": [{"action": ")" + action +
                               R"(", "entities": [{"task_id": "extract", "new_state": null}]}]})");
    EXPECT_EQ(said.status, 422) << action;
    EXPECT_NE(said.body.find(R"("loc":["body","actions",0,")" + action + R"(","entities",0,)"),
              std::string::npos)
        << said.body;
  }
  EXPECT_TRUE(find(ok_json("GET", kRun + "/taskInstances/extract"), "note")->is_null());
  EXPECT_TRUE(commands_.marked.empty() && commands_.deleted.empty());
}

TEST_F(ApiTest, AStateIsGivenInAnyCase) {
  ok_json("PATCH", kRun + "/taskInstances/work.left", json::object{{"new_state", "SUCCESS"}});
  ASSERT_EQ(commands_.marked.size(), 1U);
  EXPECT_EQ(commands_.marked[0].state, "success");
  const auto said = call("PATCH", kRun + "/taskInstances/work.left", R"({"new_state": "Running"})");
  EXPECT_NE(said.body.find("'running' is not one of ['success', 'failed', 'skipped']"), std::string::npos);
}

TEST_F(ApiTest, GroupsAreMarkedAsAWhole) {
  const auto found =
      ok_json("PATCH", kRun + "/taskGroupInstances/work/dry_run", json::object{{"new_state", "failed"}});
  EXPECT_EQ(names(found), (Names{"manual__1/work.right"}));
}

TEST_F(ApiTest, NullNotesAreDeletedAndAbsentOnesStay) {
  EXPECT_EQ(get_text(ok_json("PATCH", kRun, json::object{{"state", "success"}}), "note"), "look");
  ASSERT_EQ(commands_.marked_runs.size(), 1U);
  EXPECT_TRUE(find(ok_json("PATCH", kRun, json::object{{"note", nullptr}}), "note")->is_null());
}

TEST_F(ApiTest, RunsAndInstancesAreDeleted) {
  EXPECT_EQ(call("DELETE", kRun).status, 204);
  EXPECT_EQ(call("DELETE", kRun + "/taskInstances/extract").status, 200);
  EXPECT_EQ(call("DELETE", "/api/v2/dags/hello/dagRuns/none").status, 404);
  EXPECT_EQ(commands_.deleted, (std::vector<std::string>{"manual__1", "extract"}));
}

TEST_F(ApiTest, VariablesAreSealedMaskedAndKept) {
  ok_json("POST", "/api/v2/variables", json::object{{"key", "api_token"}, {"value", "s3cret"}}, 201);
  ok_json("POST", "/api/v2/variables", json::object{{"key", "a/b"}, {"value", json::object{{"x", 1}}}}, 201);
  const auto rows = database_->connect()->query("SELECT value FROM variable WHERE key = 'api_token'");
  EXPECT_TRUE(sealer_.is_current(rows[0].text(0)));
  EXPECT_EQ(get_text(ok_json("GET", "/api/v2/variables/api_token"), "value"), "***");
  EXPECT_EQ(get_text(ok_json("GET", "/api/v2/variables/a%2Fb"), "value"), R"({"x": 1})");
  ok_json("PATCH", "/api/v2/variables/api_token",
          json::object{{"key", "api_token"}, {"value", "***"}, {"description", "d"}});
  const auto kept = database_->connect()->query("SELECT value FROM variable WHERE key = 'api_token'");
  EXPECT_EQ(sealer_.open(kept[0].text(0)).value(), "s3cret");
  EXPECT_EQ(call("POST", "/api/v2/variables", R"({"key": "api_token", "value": "1"})").status, 409);
  EXPECT_EQ(call("DELETE", "/api/v2/variables/api_token").status, 204);
  EXPECT_EQ(get("/api/v2/variables/api_token").status, 404);
}

TEST_F(ApiTest, ConnectionSecretsStayWhenTheMaskComesBack) {
  const json::object body{{"connection_id", "pg"},
                          {"conn_type", "postgres"},
                          {"password", "p"},
                          {"extra", R"({"secret_key": "k", "region": "eu"})"}};
  const auto made = ok_json("POST", "/api/v2/connections", body, 201);
  EXPECT_EQ(get_text(made, "password"), "***");
  EXPECT_EQ(get_text(made, "extra"), R"({"secret_key": "***", "region": "eu"})");
  ok_json("PATCH", "/api/v2/connections/pg",
          json::object{{"connection_id", "pg"},
                       {"conn_type", "postgres"},
                       {"password", "***"},
                       {"extra", R"({"secret_key": "***", "region": "us"})"}});
  const auto rows =
      database_->connect()->query("SELECT password, extra FROM connection WHERE conn_id = 'pg'");
  EXPECT_EQ(sealer_.open(rows[0].text(0)).value(), "p");
  EXPECT_EQ(sealer_.open(rows[0].text(1)).value(), R"({"secret_key":"k","region":"us"})");
}

TEST_F(ApiTest, APasswordIsNotTakenAwayByNothing) {
  const json::object body{{"connection_id", "pg"}, {"conn_type", "postgres"}, {"password", "p"}};
  ok_json("POST", "/api/v2/connections", body, 201);
  for (const json::value& nothing : {json::value(nullptr), json::value("")}) {
    const json::object change{{"connection_id", "pg"}, {"conn_type", "http"}, {"password", nothing}};
    EXPECT_EQ(get_text(ok_json("PATCH", "/api/v2/connections/pg", change), "password"), "***");
  }
}

TEST_F(ApiTest, ListsAreInTheOrderOfCreation) {
  for (const char* key : {"b", "c", "a"}) {
    ok_json("POST", "/api/v2/variables", json::object{{"key", key}, {"value", "1"}}, 201);
    ok_json("POST", "/api/v2/pools", json::object{{"name", key}, {"slots", 1}}, 201);
    ok_json("POST", "/api/v2/connections", json::object{{"connection_id", key}, {"conn_type", "http"}}, 201);
  }
  const auto listed = [&](const std::string& list, std::string_view name) {
    std::string found;
    const auto page = ok_json("GET", "/api/v2/" + list);
    for (const json::value& item : find(page, list)->get_array()) found += get_text(item, name);
    return found;
  };
  EXPECT_EQ(listed("variables", "key"), "bca");
  EXPECT_EQ(listed("pools", "name"), "default_poolbca");
  EXPECT_EQ(listed("connections", "connection_id"), "bca");
}

TEST_F(ApiTest, PoolsCountTheirSlots) {
  const auto pool = ok_json("GET", "/api/v2/pools/default_pool");
  EXPECT_EQ(get_integer(pool, "running_slots", 0), 2);
  EXPECT_EQ(get_integer(pool, "open_slots", 0), 126);
  EXPECT_EQ(call("DELETE", "/api/v2/pools/default_pool").status, 400);
  ok_json("POST", "/api/v2/pools", json::object{{"name", "p/1"}, {"slots", -1}}, 201);
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/pools/p/1"), "open_slots", 0), -1);
  EXPECT_EQ(call("DELETE", "/api/v2/pools/p/1").status, 204);
  EXPECT_EQ(commands_.pool_changes, 2);
}

TEST_F(ApiTest, APoolsChangeNamesAllThatAPoolHasToHave) {
  ok_json("POST", "/api/v2/pools", json::object{{"name", "p"}, {"slots", 1}}, 201);
  const std::string path = "/api/v2/pools/p?update_mask=slots";
  const auto refused = call("PATCH", path, R"({"slots":4,"include_deferred":null})");
  EXPECT_EQ(refused.status, 422);
  const auto document = parse_json(refused.content());
  EXPECT_EQ(find(*document, "detail")->as_array(),
            parse_json(R"([{"type":"missing","loc":["pool"],"msg":"Field required",
                            "input":{"slots":4,"include_deferred":null}},
                           {"type":"bool_type","loc":["include_deferred"],"msg":"Input should be a valid boolean",
                            "input":null}])")
                ->as_array());
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/pools/p"), "slots", 0), 1);
  EXPECT_EQ(call("PATCH", path, R"({"pool":"p","slots":4,"include_deferred":true})").status, 200);
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/pools/p"), "slots", 0), 4);
  EXPECT_EQ(call("PATCH", "/api/v2/pools/default_pool", R"({"slots":4})").status, 400);
  EXPECT_EQ(call("PATCH", "/api/v2/pools/default_pool?update_mask=slots", R"({"slots":4})").status, 200);
}

TEST_F(ApiTest, AnEmptyNameIsAskedForLikeAnyOther) {
  for (const std::string method : {"GET", "DELETE"}) {
    EXPECT_EQ(detail_of(call(method, "/api/v2/pools/")), "The Pool with name: `` was not found");
  }
  EXPECT_EQ(detail_of(get("/api/v2/variables/")), "The Variable with key: `` was not found");
}

TEST_F(ApiTest, ABulkActionDoesNothingIfOneEntityMakesItFail) {
  const auto answer = ok_json("PATCH", "/api/v2/pools",
                              parse_json(R"({"actions": [
        {"action": "create", "entities": [{"name": "a", "slots": 1}, {"name": "default_pool", "slots": 1}]},
        {"action": "create", "action_on_existence": "overwrite", "entities": [{"name": "a", "slots": 5}]},
        {"action": "delete", "entities": ["a", "none"]}]})")
                                  .value());
  EXPECT_EQ(json::serialize(*find(*find(answer, "create"), "success")), R"(["a"])");
  EXPECT_EQ(
      json::serialize(*find(*find(answer, "create"), "errors")),
      R"([{"error":"The pools with these pool names: {'default_pool'} already exist.","status_code":409}])");
  EXPECT_EQ(json::serialize(*find(*find(answer, "delete"), "success")), "[]");
  EXPECT_EQ(json::serialize(*find(*find(answer, "delete"), "errors")),
            R"([{"error":"The pools with these pool names: {'none'} were not found.","status_code":404}])");
  EXPECT_TRUE(find(answer, "update")->is_null());
  EXPECT_EQ(commands_.pool_changes, 1) << "each of which reads all pools";
}

TEST_F(ApiTest, ABulkRequestHasABoundAndDoesNothingBeyond) {
  const auto deletion_of = [](int count) {
    json::array names(static_cast<std::size_t>(count), "none");
    return json::object{{"actions", {json::object{{"action", "delete"}, {"entities", names}}}}};
  };
  for (const std::string path :
       {"/api/v2/variables", "/api/v2/connections", "/api/v2/pools", "/api/v2/dags/hello/dagRuns",
        "/api/v2/dags/hello/dagRuns/manual__1/taskInstances"}) {
    EXPECT_EQ(get_text(ok_json("PATCH", path, deletion_of(10'001), 422), "detail"),
              "A bulk request may change 10000 entities, and this one names 10001: send several requests")
        << path;
  }
  ok_json("PATCH", "/api/v2/pools", deletion_of(10'000));
}

TEST_F(ApiTest, TheBoundOfABulkRequestIsForAllInstancesOfMappedTasks) {
  sql("INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, try_number, max_tries, "
      "dag_version_id, task_display_name, operator, pool, pool_slots, queue, priority_weight, updated_at) "
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
      "SELECT 'many-' || i, 'hello', 'manual__1', 'many', i, 'success', 1, 0, 'ver-1', 'many', 'X', "
      "'default_pool', 1, 'default', 1, 0 FROM n");
  const json::array entities(50, "many");
  const json::object body{{"actions", {json::object{{"action", "delete"}, {"entities", entities}}}}};
  const auto answer = ok_json("PATCH", kRun + "/taskInstances", body);
  EXPECT_EQ(json::serialize(*find(*find(answer, "delete"), "errors")),
            R"([{"error":"A bulk request may change 10000 task instances, and this one names 10050: )"
            R"(send several requests","status_code":422}])");
  EXPECT_TRUE(commands_.deleted.empty());
}

TEST_F(ApiTest, XComsAreReadAndChanged) {
  const std::string path = kRun + "/taskInstances/extract/xcomEntries";
  EXPECT_EQ(json::serialize(*find(ok_json("GET", path + "/return_value"), "value")), R"({"rows":3})");
  EXPECT_EQ(get_text(ok_json("GET", path + "/return_value?stringify=true"), "value"), "{'rows': 3}");
  ok_json("POST", path, json::object{{"key", "k/1"}, {"value", 1}}, 201);
  EXPECT_EQ(call("POST", path, R"({"key": "k/1", "value": 1})").status, 409);
  EXPECT_EQ(call("POST", path, R"({"key": "k/1", "value": 1, "map_index": 7})").status, 404)
      << "none is mapped";
  ok_json("PATCH", path + "/k%2F1", json::object{{"value", "two"}});
  EXPECT_EQ(call("PATCH", path + "/k%2F1", R"({"value": 1, "map_index": 660396814499672026513408})").status,
            404)
      << "an integer of any size";
  EXPECT_EQ(call("DELETE", path + "/k/1").status, 204);
  EXPECT_EQ(get(path + "/k/1").status, 404);
}

TEST_F(ApiTest, NoXComIsWrittenThatWouldBeReadAsAnObject) {
  const std::string path = kRun + "/taskInstances/extract/xcomEntries";
  const auto refusal = [&](const json::value& value) {
    const std::string body = json::serialize(json::object{{"key", "k"}, {"value", value}});
    const std::string update = json::serialize(json::object{{"value", value}});
    const auto answer = call("POST", path, body);
    EXPECT_EQ(call("PATCH", path + "/return_value", update).body, answer.body);
    return answer.status == 422 ? get_text(parse_json(answer.body)->at("detail").at(0), "msg") : answer.body;
  };
  EXPECT_EQ(refusal({{"__version__", 1}, {"__classname__", "a.B"}}),
            "Value error, XCom value contains reserved serialization keys: __classname__, __version__. "
            "These keys are reserved for internal use.");
  EXPECT_EQ(refusal({{"a", {1, {{"__type", "a.B"}}}}}),
            "Value error, XCom value.a[1] contains reserved serialization keys: __type. "
            "These keys are reserved for internal use.");
  EXPECT_EQ(refusal({{"a", R"([{"__var": 1}])"}}),
            "Value error, XCom value.a[0] contains reserved serialization keys: __var. "
            "These keys are reserved for internal use.");
}

TEST_F(ApiTest, AnXComOfAClassIsShownAsText) {
  const std::string path = kRun + "/taskInstances/extract/xcomEntries/return_value?deserialize=true";
  sql(R"(UPDATE xcom SET value = '{"__classname__": "a.B", "__version__": 1, "__data__": [1]}')");
  EXPECT_EQ(get_text(ok_json("GET", path), "value"), "a.B@version=1(1)");
  sql("UPDATE xcom SET value = '\"[1, null]\"'");
  EXPECT_EQ(json::serialize(ok_json("GET", path).at("value")), "[1,null]");
  EXPECT_EQ(get_text(ok_json("GET", path + "&stringify=true"), "value"), "[1, None]");
  sql("UPDATE xcom SET value = 'null'");
  EXPECT_TRUE(ok_json("GET", path + "&stringify=true").at("value").is_null());
}

TEST_F(ApiTest, ReparseFindsTheFileByItsToken) {
  const auto dag = ok_json("GET", "/api/v2/dags/hello");
  ok_json("PUT", "/api/v2/parseDagFile/" + get_text(dag, "file_token"), nullptr, 201);
  EXPECT_EQ(commands_.reparsed, (std::vector<std::string>{"hello"}));
  EXPECT_EQ(call("PUT", "/api/v2/parseDagFile/rubbish").status, 404);
}

}  // namespace
}  // namespace leoflow::api
