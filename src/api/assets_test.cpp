#include "api/testing/assets.hpp"

namespace leoflow::api {
namespace {

TEST_F(AssetsTest, AssetsAreListedWithTheirUses) {
  const auto document = ok_json("GET", "/api/v2/assets");
  EXPECT_EQ(get_integer(document, "total_entries", 0), 3);  // not the inactive one
  const json::array& assets = items(document, "assets");
  EXPECT_EQ(column(assets, "name"), "orders,stock,of-today");
  const json::value& orders = assets[0];
  EXPECT_EQ(json::serialize(*find(orders, "extra")), R"({"unit":"kg","password":"***"})");
  EXPECT_EQ(column(items(orders, "scheduled_dags"), "dag_id"), "other");
  EXPECT_EQ(column(items(orders, "producing_tasks"), "task_id"), "extract");
  EXPECT_EQ(column(items(orders, "consuming_tasks"), "task_id"), "");
  EXPECT_EQ(column(items(assets[1], "consuming_tasks"), "task_id"), "extract");
  EXPECT_EQ(column(items(assets[1], "producing_tasks"), "task_id"), "report");
  EXPECT_EQ(column(items(assets[2], "aliases"), "name"), "latest");
}

TEST_F(AssetsTest, TheLastEventOfAnAssetIsTheNewestOfTheNewestTime) {
  const auto orders = ok_json("GET", "/api/v2/assets/1");
  EXPECT_EQ(get_integer(*find(orders, "last_asset_event"), "id", 0), 3);
  EXPECT_EQ(get_text(*find(orders, "last_asset_event"), "timestamp"), "1970-01-01T00:00:06Z");
  const auto stock = ok_json("GET", "/api/v2/assets/2");
  EXPECT_EQ(json::serialize(*find(stock, "last_asset_event")), R"({"id":null,"timestamp":null})");
}

TEST_F(AssetsTest, AssetsAreFilteredAndOrdered) {
  const auto names = [&](std::string_view query) {
    return column(items(ok_json("GET", "/api/v2/assets?" + std::string(query)), "assets"), "name");
  };
  EXPECT_EQ(names("only_active=false&order_by=name"), "gone,of-today,orders,stock");
  EXPECT_EQ(names("name_pattern=ORD"), "orders");
  EXPECT_EQ(names("uri_pattern=y://"), "of-today");
  EXPECT_EQ(names("dag_ids=hello"), "orders,stock");
  EXPECT_EQ(names("dag_ids=none,other&order_by=-uri"), "stock,orders");
  EXPECT_EQ(names("dag_ids=none"), "");
  EXPECT_EQ(names("limit=1&offset=1"), "stock");
  EXPECT_EQ(get("/api/v2/assets?order_by=extra").status, 400);
}

TEST_F(AssetsTest, InactiveAssetsCanStillBeReadAndUnknownOnesNot) {
  EXPECT_EQ(get_text(ok_json("GET", "/api/v2/assets/3"), "name"), "gone");
  EXPECT_EQ(get("/api/v2/assets/9").status, 404);
  EXPECT_EQ(detail_of(get("/api/v2/assets/9")), "The Asset with ID: `9` was not found");
}

TEST_F(AssetsTest, AliasesAreListedAndFound) {
  const auto document = ok_json("GET", "/api/v2/assets/aliases?order_by=name");
  EXPECT_EQ(column(items(document, "asset_aliases"), "name"), "empty,latest");
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/assets/aliases?name_pattern=lat"), "total_entries", 0), 1);
  EXPECT_EQ(get_text(ok_json("GET", "/api/v2/assets/aliases/2"), "name"), "empty");
  EXPECT_EQ(detail_of(get("/api/v2/assets/aliases/9")), "The Asset Alias with ID: `9` was not found");
}

TEST_F(AssetsTest, EventsAreFilteredAndOrdered) {
  const auto ids = [&](std::string_view query) {
    return column(items(ok_json("GET", "/api/v2/assets/events?" + std::string(query)), "asset_events"), "id");
  };
  EXPECT_EQ(ids(""), "1,2,3,4");
  EXPECT_EQ(ids("order_by=-timestamp"), "4,3,2,1");
  EXPECT_EQ(ids("asset_id=1"), "1,2,3");
  EXPECT_EQ(ids("source_dag_id=hello&source_task_id=extract"), "1,2");
  EXPECT_EQ(ids("source_run_id=manual__2"), "2");
  EXPECT_EQ(ids("source_map_index=4"), "2");
  EXPECT_EQ(ids("source_map_index=-1"), "1,3,4");
  EXPECT_EQ(ids("name_pattern=TODAY"), "4");
  EXPECT_EQ(ids("timestamp_gt=1970-01-01T00:00:05Z&timestamp_lte=1970-01-01T00:00:06Z"), "2,3");
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/assets/events?limit=1"), "total_entries", 0), 4);
  EXPECT_EQ(get("/api/v2/assets/events?order_by=extra").status, 400);
}

TEST_F(AssetsTest, EventsTellWhereTheyComeFromAndWhichRunTheyTriggered) {
  const auto document = ok_json("GET", "/api/v2/assets/events?asset_id=1");
  const json::array& events = items(document, "asset_events");
  EXPECT_EQ(get_text(events[0], "name") + " " + get_text(events[0], "uri"), "orders x://orders");
  EXPECT_EQ(json::serialize(*find(events[0], "extra")), R"({"count":3,"token":"***"})");
  EXPECT_EQ(get_text(events[1], "partition_key"), "day");
  EXPECT_EQ(get_integer(events[2], "source_map_index", 0), -1);
  EXPECT_TRUE(find(events[2], "source_dag_id")->is_null());
  EXPECT_TRUE(items(events[2], "created_dagruns").empty());
  const json::value& early = items(events[0], "created_dagruns")[0];
  EXPECT_EQ(get_text(early, "run_id"), "asset_triggered__1");
  EXPECT_EQ(get_text(early, "start_date"), "1970-01-01T00:00:07Z");  // queued: when it may start
  EXPECT_FALSE(get_bool(early, "triggering", true));
  EXPECT_TRUE(get_bool(items(events[1], "created_dagruns")[0], "triggering", false));
}

TEST_F(AssetsTest, RunsKnowTheEventsThatMadeThem) {
  const auto document = ok_json("GET", "/api/v2/dags/other/dagRuns/asset_triggered__1/upstreamAssetEvents");
  EXPECT_EQ(column(items(document, "asset_events"), "id"), "1,2");
  EXPECT_EQ(get_integer(document, "total_entries", 0), 2);
  const auto none = ok_json("GET", "/api/v2/dags/hello/dagRuns/manual__1/upstreamAssetEvents");
  EXPECT_EQ(get_integer(none, "total_entries", -1), 0);
  EXPECT_EQ(get("/api/v2/dags/other/dagRuns/none/upstreamAssetEvents").status, 404);
}

TEST_F(AssetsTest, ReportedEventsGoThroughTheEngine) {
  const json::object body{
      {"asset_id", 2}, {"extra", json::object{{"n", 1}, {"password", "p"}}}, {"partition_key", "k"}};
  const auto event = ok_json("POST", "/api/v2/assets/events", body);
  EXPECT_EQ(get_integer(event, "id", 0), 5);
  EXPECT_EQ(get_text(event, "name"), "stock");
  EXPECT_EQ(get_text(event, "partition_key"), "k");
  EXPECT_EQ(json::serialize(*find(event, "extra")), R"({"n":1,"password":"***","from_rest_api":true})");
  ASSERT_EQ(commands_.changed_assets.size(), 1U);
  EXPECT_EQ(commands_.changed_assets[0].asset.uri, "x://stock");
  EXPECT_EQ(commands_.changed_assets[0].extra, R"({"n":1,"password":"p","from_rest_api":true})");
  const auto log = ok_json("GET", "/api/v2/eventLogs?event=create_asset_event");
  EXPECT_EQ(
      get_text(items(log, "event_logs")[0], "extra"),
      R"({"asset_id": 2, "extra": {"n": 1, "password": "***"}, "partition_key": "k", "method": "POST"})");
}

TEST_F(AssetsTest, ReportingRefusesBadRequests) {
  const auto report = [&](const char* body) { return call("POST", "/api/v2/assets/events", body); };
  EXPECT_EQ(detail_of(report(R"({"asset_id": 9})")), "Asset with ID: `9` was not found");
  EXPECT_EQ(report(R"({"asset_id": 9})").status, 404);
  EXPECT_EQ(report(R"({"extra": {}})").status, 422);
  EXPECT_EQ(report(R"({"asset_id": 1, "extra": 3})").status, 422);
  EXPECT_EQ(report(R"({"asset_id": 1, "partition_key": " "})").status, 422);
  EXPECT_TRUE(commands_.changed_assets.empty());
}

TEST_F(AssetsTest, MaterializingTriggersTheDagThatMakesTheAsset) {
  const auto run = ok_json("POST", "/api/v2/assets/1/materialize", json::object{{"conf", {{"x", 1}}}});
  EXPECT_EQ(get_text(run, "dag_id"), "hello");
  ok_json("POST", "/api/v2/assets/2/materialize");
  ASSERT_EQ(commands_.triggered.size(), 2U);
  EXPECT_EQ(commands_.triggered[0].dag_id, "hello");
  EXPECT_EQ(commands_.triggered[0].run_type, "asset_materialization");
  EXPECT_EQ(commands_.triggered[0].triggered_by, "rest_api");
  EXPECT_EQ(commands_.triggered[0].user, "admin");
  EXPECT_EQ(commands_.triggered[0].conf.at("x"), 1);
  const auto log = ok_json("GET", "/api/v2/eventLogs?event=materialize_asset");
  EXPECT_EQ(get_integer(log, "total_entries", 0), 2);
}

TEST_F(AssetsTest, MaterializingRefusesBadRequests) {
  const auto materialize = [&](int id, const char* body = "{}") {
    return call("POST", "/api/v2/assets/" + std::to_string(id) + "/materialize", body);
  };
  EXPECT_EQ(materialize(4).status, 404);  // an alias's, not a task's outlet
  EXPECT_EQ(detail_of(materialize(9)), "No Dag materializes asset with ID: 9");
  EXPECT_EQ(materialize(1, R"({"dag_run_id": "taken"})").status, 409);
  EXPECT_EQ(materialize(1, R"({"dag_run_id": "a/b"})").status, 400);
  EXPECT_EQ(materialize(1, R"({"data_interval_start": "2026-01-01T00:00:00Z"})").status, 422);
  sql("INSERT INTO task_asset VALUES ('other', 'use', 1, 'asset', 'orders', 'x://orders', 1, 1)");
  EXPECT_EQ(materialize(1).status, 409);
  EXPECT_EQ(detail_of(materialize(1)), "More than one Dag materializes asset with ID: 1");
}

TEST_F(AssetsTest, MaterializingRespectsTheRunTypesOfTheDag) {
  sql(R"(UPDATE dag_version SET serialized = REPLACE(serialized, '"catchup":',
      '"allowed_run_types": ["manual"], "catchup":'))");
  const auto response = call("POST", "/api/v2/assets/1/materialize");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(detail_of(response), "Dag with dag_id: 'hello' does not allow asset materialization runs");
}

TEST_F(AssetsTest, QueuedEventsAreListed) {
  const auto of_dag = ok_json("GET", "/api/v2/dags/other/assets/queuedEvents");
  EXPECT_EQ(column(items(of_dag, "queued_events"), "asset_id"), "1,2");
  EXPECT_EQ(get_text(items(of_dag, "queued_events")[0], "dag_display_name"), "other");
  const auto of_asset = ok_json("GET", "/api/v2/assets/1/queuedEvents?before=1970-01-01T00:00:07Z");
  EXPECT_EQ(column(items(of_asset, "queued_events"), "dag_id"), "other");
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/assets/1/queuedEvents"), "total_entries", 0), 2);
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/assets/9/queuedEvents"), "total_entries", -1), 0);
  EXPECT_EQ(get("/api/v2/assets/1/queuedEvents?before=noon").status, 400);
  const auto one = ok_json("GET", "/api/v2/dags/other/assets/2/queuedEvents");
  EXPECT_EQ(get_text(one, "created_at"), "1970-01-01T00:00:08Z");
  EXPECT_EQ(detail_of(get("/api/v2/dags/hello/assets/2/queuedEvents")),
            "Queued event with dag_id: `hello` and asset_id: `2` was not found");
}

TEST_F(AssetsTest, QueuedEventsAreForgottenThroughTheEngine) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(call("DELETE", "/api/v2/dags/other/assets/2/queuedEvents").status, 204);
  EXPECT_EQ(commands_.deleted, (Names{"other/stock"}));
  EXPECT_EQ(call("DELETE", "/api/v2/assets/1/queuedEvents").status, 204);
  EXPECT_EQ(commands_.deleted, (Names{"other/stock", "hello/orders", "other/orders"}));
  commands_.deleted.clear();
  EXPECT_EQ(call("DELETE", "/api/v2/dags/other/assets/queuedEvents?before=1970-01-01T00:00:07Z").status, 204);
  EXPECT_EQ(commands_.deleted, (Names{"other/orders"}));
  const auto log = ok_json("GET", "/api/v2/eventLogs?dag_id=other");
  EXPECT_EQ(get_integer(log, "total_entries", 0), 2);
}

TEST_F(AssetsTest, ForgettingWhatDoesNotWaitIsNotFound) {
  const auto forget = [&](std::string_view path) {
    return detail_of(call("DELETE", "/api/v2/" + std::string(path)));
  };
  EXPECT_EQ(forget("assets/2/queuedEvents?before=1970-01-01T00:00:08Z"),
            "Queue event with asset_id: `2` was not found");
  EXPECT_EQ(forget("dags/none/assets/queuedEvents"), "Queue event with dag_id: `none` was not found");
  EXPECT_EQ(forget("dags/hello/assets/2/queuedEvents"),
            "Queued event with dag_id: `hello` and asset_id: `2` was not found");
  EXPECT_TRUE(commands_.deleted.empty());
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/eventLogs"), "total_entries", -1), 3) << "asked it was";
}

TEST_F(AssetsTest, DagsAndRunsAreFoundByTheirAssets) {
  const auto total = [&](std::string_view target) {
    return get_integer(ok_json("GET", "/api/v2/" + std::string(target)), "total_entries", -1);
  };
  EXPECT_EQ(total("dags?asset_dependency=X://Ord"), 1);
  EXPECT_EQ(total("dags?asset_dependency=o_ders"), 0);
  EXPECT_EQ(total("dags?asset_dependency=latest"), 0);  // an alias is no asset
  EXPECT_EQ(total("dags/~/dagRuns?consuming_asset_pattern=ORDERS"), 1);
  EXPECT_EQ(total("dags/~/dagRuns?consuming_asset_pattern=today"), 0);
}

}  // namespace
}  // namespace leoflow::api
