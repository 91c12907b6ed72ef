#include "api/testing/assets.hpp"

namespace leoflow::api {
namespace {

const std::string kExpression =
    R"({"any":[{"all":[{"asset":{"uri":"x://orders","name":"orders","group":"asset","id":1}},)"
    R"({"asset":{"uri":"x://stock","name":"stock","group":"asset","id":2}}]},)"
    R"({"alias":{"name":"latest","group":"asset"}},{"asset_ref":{"name":"nowhere"}}]})";

TEST_F(AssetsTest, ADagShowsWhatItIsScheduledOn) {
  const auto details = ok_json("GET", "/api/v2/dags/other/details");
  EXPECT_EQ(json::serialize(*find(details, "asset_expression")), kExpression);
  EXPECT_TRUE(find(ok_json("GET", "/api/v2/dags/hello/details"), "asset_expression")->is_null());
  const auto listed = ok_json("GET", "/ui/dags");
  EXPECT_EQ(find(items(listed, "dags")[0], "asset_expression"), nullptr);
  EXPECT_EQ(json::serialize(*find(items(listed, "dags")[1], "asset_expression")), kExpression);
}

TEST_F(AssetsTest, ANewVersionChangesWhatIsShown) {
  ok_json("GET", "/api/v2/dags/other/details");
  sql("UPDATE dag_version SET dag_hash = 'h2', serialized = REPLACE(serialized, 'nowhere', 'there') "
      "WHERE id = 'ver-2'");
  const auto details = ok_json("GET", "/api/v2/dags/other/details");
  EXPECT_NE(json::serialize(*find(details, "asset_expression")).find(R"("there")"), std::string::npos);
}

TEST_F(AssetsTest, TheNextRunShowsWhichAssetsHaveChanged) {
  sql("DELETE FROM asset_queue WHERE asset_id = 2");
  sql("UPDATE asset SET is_active = 0 WHERE id = 2");
  const auto next = ok_json("GET", "/ui/next_run_assets/other");
  EXPECT_EQ(json::serialize(*find(next, "asset_expression")), kExpression);
  const json::array& events = items(next, "events");
  EXPECT_EQ(column(events, "name"), "orders,stock");
  EXPECT_EQ(column(events, "last_update"), "1970-01-01T00:00:06Z,null");
  EXPECT_EQ(column(events, "asset_inactive"), "false,true");
  EXPECT_TRUE(find(next, "pending_partition_count")->is_null());
  EXPECT_TRUE(items(ok_json("GET", "/ui/next_run_assets/hello"), "events").empty());
  EXPECT_EQ(get("/ui/next_run_assets/none").status, 404);
}

TEST_F(AssetsTest, TheNextRunDoesNotShowWhatARunAtATimeHasSeen) {
  sql("INSERT INTO dag_run (dag_id, run_id, dag_version_id, state, run_type, triggered_by, logical_date, "
      "run_after, conf, updated_at) VALUES ('other', 's', 'ver-2', 'queued', 'scheduled', 'timetable', "
      "6000001, 6000001, '{}', 1)");
  const auto next = ok_json("GET", "/ui/next_run_assets/other");
  EXPECT_EQ(column(items(next, "events"), "last_update"), "null,null");
}

TEST_F(AssetsTest, DependenciesAreOneGraphOfAllDags) {
  const auto graph = ok_json("GET", "/ui/dependencies");
  EXPECT_EQ(nodes_of(graph),
            "dag dag:hello,asset asset:1,asset asset:2,asset asset:4,asset-alias asset-alias:latest,"
            "trigger trigger:hello:other:start,dag dag:other,asset-name-ref asset-name-ref:nowhere,"
            "sensor sensor:absent:other:wait,dag dag:absent");
  EXPECT_EQ(
      edges_of(graph),
      "asset-alias:latest>asset:4,asset-alias:latest>dag:other,asset-name-ref:nowhere>dag:other,"
      "asset:1>dag:other,asset:2>dag:other,asset:4>asset-alias:latest,dag:absent>sensor:absent:other:wait,"
      "dag:hello>asset-alias:latest,dag:hello>asset:1,dag:hello>asset:2,"
      "dag:hello>trigger:hello:other:start,sensor:absent:other:wait>dag:other,"
      "trigger:hello:other:start>dag:other");
}

TEST_F(AssetsTest, StaleDagsAreNotInTheGraph) {
  sql("UPDATE dag SET is_stale = 1 WHERE dag_id = 'other'");
  EXPECT_EQ(edges_of(ok_json("GET", "/ui/dependencies?node_id=asset:4")),
            "asset-alias:latest>asset:4,dag:hello>asset-alias:latest,dag:hello>asset:1,dag:hello>asset:2,"
            "dag:hello>trigger:hello:other:start,trigger:hello:other:start>dag:other");
}

TEST_F(AssetsTest, AReferenceToAnActiveAssetIsThatAsset) {
  sql("UPDATE dag_version SET serialized = REPLACE(serialized, 'nowhere', 'of-today') WHERE id = 'ver-2'");
  const std::string edges = edges_of(ok_json("GET", "/ui/dependencies"));
  EXPECT_NE(edges.find("asset:4>dag:other"), std::string::npos) << edges;
  EXPECT_EQ(edges.find("asset-name-ref"), std::string::npos) << edges;
}

TEST_F(AssetsTest, DependenciesCanBeNarrowedToWhatIsConnected) {
  sql("INSERT INTO dag (dag_id, bundle_name, bundle_path, relative_fileloc, dag_display_name, owners, "
      "timetable_type, is_paused, is_stale, has_import_errors, has_task_concurrency_limits, "
      "max_active_tasks, "
      "max_active_runs, max_consecutive_failed_dag_runs, current_version_id, last_parsed_at) VALUES "
      "('alone', "
      "'b', '/dags', 'alone.py', 'alone', 'o', 't', 0, 0, 0, 0, 1, 1, 0, 'ver-3', 1)");
  sql(R"(INSERT INTO dag_version (id, dag_id, version_number, bundle_name, bundle_version, dag_hash, serialized, source, created_at, updated_at) VALUES ('ver-3', 'alone', 1, 'b', NULL, 'h', '{"dag": {"dag_dependencies": [
      {"source": "alone", "target": "asset", "label": "gone", "dependency_type": "asset",
       "dependency_id": "{\"name\": \"gone\", \"uri\": \"x://gone\"}"}]}}', '', 1, 1))");
  const auto part = ok_json("GET", "/ui/dependencies?node_id=asset:3");
  EXPECT_EQ(nodes_of(part), "dag dag:alone,asset asset:3");
  EXPECT_EQ(edges_of(part), "dag:alone>asset:3");
  EXPECT_EQ(items(ok_json("GET", "/ui/dependencies?node_id=dag:absent"), "nodes").size(), 10U);
  EXPECT_EQ(get("/ui/dependencies?node_id=dag:none").status, 404);
}

TEST_F(AssetsTest, DataDependenciesFollowTasksFromAssetToAsset) {
  const auto graph = ok_json("GET", "/ui/dependencies?dependency_type=data&node_id=asset:1");
  EXPECT_EQ(nodes_of(graph),
            "asset asset:1,task task:hello__SEPARATOR__extract,asset asset:2,task "
            "task:hello__SEPARATOR__report");
  EXPECT_EQ(edges_of(graph),
            "asset:2>task:hello__SEPARATOR__extract,task:hello__SEPARATOR__extract>asset:1,"
            "task:hello__SEPARATOR__report>asset:2");
  EXPECT_EQ(get_text(items(graph, "nodes")[1], "label"), "hello.extract");
}

TEST_F(AssetsTest, DataDependenciesNeedAnAsset) {
  const auto status = [&](std::string_view node) {
    return get("/ui/dependencies?dependency_type=data&node_id=" + std::string(node)).status;
  };
  EXPECT_EQ(get("/ui/dependencies?dependency_type=data").status, 400);
  EXPECT_EQ(status("dag:hello"), 400);
  EXPECT_EQ(status("asset:x"), 400);
  EXPECT_EQ(status("asset:9"), 404);
  EXPECT_EQ(status("asset:3"), 200);
}

TEST_F(AssetsTest, TheGraphShowsWhatADagIsScheduledOn) {
  const auto graph = ok_json("GET", "/ui/structure/structure_data?dag_id=other&external_dependencies=true");
  EXPECT_EQ(nodes_of(graph),
            "task use,trigger trigger:hello:other:start,sensor sensor:absent:other:wait,"
            "asset-condition or-gate-0,asset-alias latest,asset-name-ref nowhere,asset-condition and-gate-1,"
            "asset 1,asset 2");
  EXPECT_EQ(edges_of(graph),
            "1>and-gate-1,2>and-gate-1,and-gate-1>or-gate-0,latest>or-gate-0,nowhere>or-gate-0,or-gate-0>use,"
            "sensor:absent:other:wait>use,trigger:hello:other:start>use");
  const json::value& gate = items(graph, "nodes")[3];
  EXPECT_EQ(get_text(gate, "asset_condition_type"), "or-gate");
  EXPECT_EQ(column(items(graph, "edges"), "is_source_asset"), "true,null,null,false,null,null,null,null");
}

TEST_F(AssetsTest, TheGraphShowsWhatTasksMake) {
  const auto graph = ok_json("GET", "/ui/structure/structure_data?dag_id=hello&external_dependencies=true");
  EXPECT_EQ(nodes_of(graph),
            "task extract,task work,task report,asset asset:1,asset asset:2,asset asset:4,"
            "trigger trigger:hello:other:start");
  const std::string edges = edges_of(graph);
  for (const char* edge :
       {"extract>asset:1", "report>asset:2", "work.left>asset:4", "report>trigger:hello:other:start"}) {
    EXPECT_NE(edges.find(edge), std::string::npos) << edge << "\n" << edges;
  }
  EXPECT_EQ(items(graph, "edges").size(), 10U);  // six within the DAG
}

TEST_F(AssetsTest, TheGraphHasNoAssetsUnlessAsked) {
  EXPECT_EQ(nodes_of(ok_json("GET", "/ui/structure/structure_data?dag_id=other")), "task use");
}

TEST_F(AssetsTest, ANarrowedGraphHasNoEdgesFromHiddenTasks) {
  const auto graph =
      ok_json("GET", "/ui/structure/structure_data?dag_id=hello&root=extract&external_dependencies=true");
  EXPECT_EQ(nodes_of(graph), "task extract,asset asset:1,trigger trigger:hello:other:start");
}

}  // namespace
}  // namespace leoflow::api
