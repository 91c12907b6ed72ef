#include <algorithm>
#include <fmt/format.h>

#include "api/testing/fixture.hpp"
#include "base/text.hpp"
#include "http/gzip.hpp"

namespace leoflow::api {
namespace {

std::string header_of(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

const json::array& list(const json::value& document, std::string_view name) {
  return find(document, name)->get_array();
}

TEST_F(ApiTest, ServesThePageForEveryPathOfTheUi) {
  for (const char* path : {"/", "/dags", "/dags/hello/runs/x"}) {
    const auto page = get(path);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.content().find(R"(<base href="/" />)"), std::string_view::npos);
    EXPECT_NE(page.content().find("./static/assets/a.js"), std::string_view::npos);
  }
  EXPECT_NE(get("/auth/login").content().find("login"), std::string_view::npos);
}

TEST_F(ApiTest, SendsStrangersFromThePageToTheLogin) {
  const auto page = call("GET", "/dags/hello?tab=runs", "", false);
  EXPECT_EQ(page.status, 307);
  EXPECT_EQ(header_of(page, "Location"), "/auth/login?next=%2Fdags%2Fhello%3Ftab%3Druns");
  EXPECT_EQ(call("GET", "/static/assets/index-abc123.js", "", false).status, 200);
  EXPECT_EQ(call("GET", "/auth/login", "", false).status, 200);
  const auto long_way = call("GET", "/dags?" + std::string(30'000, '='), "", false);
  EXPECT_EQ(header_of(long_way, "Location"), "/auth/login") << "no header is that long";
}

TEST_F(ApiTest, ShowsTheDescriptionOfTheApiToEverybody) {
  for (const char* path : {"/docs", "/redoc"}) {
    const auto page = call("GET", path, "", false);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.content().find("\"/openapi.json\""), std::string_view::npos);
    EXPECT_NE(header_of(page, "Content-Security-Policy").find("default-src 'self'"), std::string::npos);
  }
  const auto description = parse_json(call("GET", "/openapi.json", "", false).content()).value();
  EXPECT_NE(find(*find(description, "paths"), "/api/v2/dags"), nullptr);
  EXPECT_EQ(call("GET", "/docs/static/redoc.standalone.js", "", false).content(), "redoc");
  EXPECT_EQ(call("GET", "/docs/static/../secret.txt", "", false).status, 404);
}

TEST_F(ApiTest, ServesFilesWithTheirTypesAndCaching) {
  const auto script = get("/static/assets/index-abc123.js");
  EXPECT_EQ(script.status, 200);
  EXPECT_NE(header_of(script, "Cache-Control").find("immutable"), std::string::npos);
  EXPECT_TRUE(script.content().starts_with("console.log"));
  EXPECT_EQ(get("/static/assets/sql.wasm").content_type, "application/wasm");
  EXPECT_EQ(get("/static/assets/none.js").status, 404);
}

TEST_F(ApiTest, ServesNothingOutsideItsFolders) {
  for (const char* path : {"/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static//etc/passwd",
                           "/auth/static/..%2f..%2fsecret.txt", "/static/assets/../../secret.txt"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(ApiTest, OldPathsAnswerAsAirflowDoes) {
  EXPECT_EQ(get("/health").status, 404);
  EXPECT_EQ(get("/api/v1/dags").status, 404);
  EXPECT_EQ(std::string(get("/api/nothing").content()), R"({"error":"API route not found"})");
}

TEST_F(ApiTest, UiConfigNamesTheInstanceAndCarriesTheBadge) {
  const auto config = ok_json("GET", "/ui/config");
  EXPECT_EQ(get_text(config, "instance_name"), "Leoflow Lite");
  EXPECT_NE(json::serialize(*find(*find(config, "theme"), "globalCss")).find("Lite"), std::string::npos);
  EXPECT_EQ(find(*find(config, "theme"), "tokens"), nullptr);
}

TEST_F(ApiTest, DagListHasTagsRunsAndAllThatIsKnown) {
  const auto document = ok_json("GET", "/ui/dags");
  ASSERT_EQ(get_integer(document, "total_entries", 0), 2);
  const json::value& dag = list(document, "dags")[0];
  EXPECT_EQ(get_text(dag, "dag_id"), "hello");
  EXPECT_EQ(get_text(list(dag, "tags")[0], "name"), "aaa");
  ASSERT_EQ(list(dag, "latest_dag_runs").size(), 2U);
  EXPECT_EQ(get_text(list(dag, "latest_dag_runs")[0], "run_id"), "manual__2");
  EXPECT_EQ(find(dag, "asset_expression"), nullptr);  // this list leaves out what is null
  EXPECT_EQ(json::serialize(*find(dag, "owners")), R"(["airflow","ada"])");
  EXPECT_TRUE(get_bool(dag, "timetable_periodic", false));
}

TEST_F(ApiTest, DagListFilters) {
  const auto total = [&](std::string_view query) {
    return get_integer(ok_json("GET", "/api/v2/dags?" + std::string(query)), "total_entries", -1);
  };
  EXPECT_EQ(total("paused=true"), 1);
  EXPECT_EQ(total("tags=demo&tags=none"), 1);
  EXPECT_EQ(total("tags=demo&tags=none&tags_match_mode=all"), 0);
  EXPECT_EQ(total("dag_id_pattern=HEL"), 1);
  EXPECT_EQ(total("dag_id_pattern=hel|oth"), 2);
  EXPECT_EQ(total("last_dag_run_state=running"), 1);
  EXPECT_EQ(total("owners=bob"), 1);
  EXPECT_EQ(total("is_favorite=true"), 0);
  EXPECT_EQ(call("POST", "/api/v2/dags/hello/favorite").status, 204);
  EXPECT_EQ(total("is_favorite=true"), 1);
}

TEST_F(ApiTest, DetailsComeFromTheSerializedDag) {
  const auto details = ok_json("GET", "/api/v2/dags/hello/details");
  EXPECT_EQ(get_text(details, "doc_md"), "Say **hello**.");
  EXPECT_EQ(get_text(details, "dag_run_timeout"), "PT1H30M");
  EXPECT_EQ(get_text(details, "start_date"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(json::serialize(*find(details, "params")),
            R"({"name":{"value":"world","schema":{"type":"string"},"description":null,"source":"dag"}})");
  EXPECT_EQ(json::serialize(*find(details, "default_args")), R"({"retries":2,"retry_delay":"PT5S"})");
  EXPECT_EQ(get_integer(*find(details, "latest_dag_version"), "version_number", 0), 1);
  EXPECT_EQ(get_integer(details, "active_runs_count", 0), 1);
}

TEST_F(ApiTest, TasksHaveDefaultsAndTimeDeltas) {
  const auto document = ok_json("GET", "/api/v2/dags/hello/tasks");
  ASSERT_EQ(list(document, "tasks").size(), 4U);
  const auto extract = ok_json("GET", "/api/v2/dags/hello/tasks/extract");
  EXPECT_EQ(json::serialize(*find(extract, "execution_timeout")),
            R"({"__type":"TimeDelta","days":0,"seconds":60,"microseconds":500000})");
  EXPECT_EQ(get_text(extract, "operator_name"), "@task");
  const auto right = ok_json("GET", "/api/v2/dags/hello/tasks/work.right");
  EXPECT_EQ(get_text(right, "pool"), "small");
  EXPECT_EQ(get_integer(*find(right, "retry_delay"), "seconds", 0), 300);
  EXPECT_TRUE(get_bool(right, "is_mapped", false));
  EXPECT_EQ(get("/api/v2/dags/hello/tasks/none").status, 404);
}

TEST_F(ApiTest, GridShowsGroupsInOrderAndTheirStates) {
  const auto nodes = ok_json("GET", "/ui/grid/structure/hello").get_array();
  ASSERT_EQ(nodes.size(), 3U);
  EXPECT_EQ(get_text(nodes[0], "id"), "extract");
  EXPECT_EQ(get_text(nodes[1], "id"), "work");
  EXPECT_EQ(get_text(nodes[2], "id"), "report");
  EXPECT_EQ(get_text(list(nodes[1], "children")[0], "label"), "left");
  const auto runs = ok_json("GET", "/ui/grid/runs/hello?order_by=-run_after").get_array();
  EXPECT_EQ(get_text(runs[0], "run_id"), "manual__2");
  EXPECT_EQ(get_number(runs[1], "duration", 0), 3.5);
}

TEST_F(ApiTest, GridSummariesAreOneLineARun) {
  const auto response = get("/ui/grid/ti_summaries/hello?run_ids=manual__1&run_ids=manual__2&run_ids=none");
  EXPECT_EQ(response.content_type, "application/x-ndjson");
  const std::string text(response.content());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  const std::string line = text.substr(0, text.find('\n') + 1);
  EXPECT_EQ(get("/ui/grid/ti_summaries/hello?run_ids=manual__1&run_ids=manual__1").content(), line)
      << "an answer is no longer than what there is";
  const auto first = parse_json(line).value();
  std::map<std::string, std::string> states;
  for (const json::value& node : list(first, "task_instances"))
    states[get_text(node, "task_id")] = get_text(node, "state");
  EXPECT_EQ(states.at("work"), "failed");
  EXPECT_EQ(states.at("extract"), "success");
  EXPECT_EQ(states.at("report"), "upstream_failed");
}

TEST_F(ApiTest, WhatTheTasksOfAFinishedRunAddUpToIsKnownUntilOneChanges) {
  const std::string line(get("/ui/grid/ti_summaries/hello?run_ids=manual__1").content());
  const std::string metrics = "/ui/dashboard/historical_metrics_data?start_date=1970-01-01T00:00:00Z";
  const std::string counts(get(metrics).content());
  sql("UPDATE task_instance SET state = 'removed' WHERE run_id = 'manual__1'");
  EXPECT_EQ(get("/ui/grid/ti_summaries/hello?run_ids=manual__1").content(), line)
      << "nobody said that it changed";
  EXPECT_EQ(get(metrics).content(), counts);
  sql("UPDATE dag_run SET task_changes = task_changes + 1 WHERE run_id = 'manual__1'");
  EXPECT_NE(get("/ui/grid/ti_summaries/hello?run_ids=manual__1").content(), line);
  EXPECT_NE(get(metrics).content(), counts);
}

TEST_F(ApiTest, TheGridIsSentCompressed) {
  const auto compressed = [&](const std::string& target) {
    http::Request request;
    request.method = "GET";
    http::parse_target(target, request);
    request.headers = {{"authorization", "Bearer " + token_}, {"accept-encoding", "gzip"}};
    const auto response = api_->handle(request);
    EXPECT_EQ(header_of(response, "Content-Encoding"), "gzip");
    EXPECT_EQ(header_of(response, "Vary"), "Accept-Encoding");
    return http::gunzip(response.content());
  };
  for (const char* runs : {"run_ids=manual__1&run_ids=manual__2", "run_ids=none"}) {
    const std::string target = fmt::format("/ui/grid/ti_summaries/hello?{}", runs);
    EXPECT_EQ(compressed(target), get(target).content());
  }
}

TEST_F(ApiTest, LargeRunsOfTheGridComeInTheirOrder) {
  // So many that two connections read them.
  std::string serialized = R"({"dag": {"dag_id": "other", "task_group": {"_group_id": null, "children": {)";
  std::string tasks;
  for (int i = 0; i < 1000; ++i) {
    serialized += fmt::format(R"({}"t{}": ["operator", "t{}"])", i == 0 ? "" : ", ", i, i);
    tasks += fmt::format(R"({}{{"__type": "operator", "__var": {{"task_id": "t{}", "task_type": "X"}}}})",
                         i == 0 ? "" : ", ", i);
  }
  database_->connect()->execute("UPDATE dag_version SET serialized = $1 WHERE id = 'ver-2'",
                                {serialized + "}}, \"tasks\": [" + tasks + "]}}"});
  std::string asked;
  for (int run = 0; run < 20; ++run) {
    sql(
        fmt::format("INSERT INTO dag_run (dag_id, run_id, state, run_type, triggered_by, run_after, "
                    "dag_version_id, conf, updated_at) "
                    "VALUES ('other', 'r{}', '{}', 'manual', 'ui', 1, 'ver-2', '{{}}', 1)",
                    run, run % 2 == 0 ? "success" : "running"));
    sql(fmt::format(
        "INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, try_number, max_tries, "
        "dag_version_id, task_display_name, operator, pool, pool_slots, queue, priority_weight, updated_at) "
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
        "SELECT 'r{0}-' || i, 'other', 'r{0}', 't' || i, -1, CASE WHEN i = {0} THEN 'failed' ELSE 'success' "
        "END, 1, "
        "0, 'ver-2', 't', 'X', 'default_pool', 1, 'default', 1, 0 FROM n",
        run));
    asked += fmt::format("&run_ids=r{}", run);
  }
  for (int look = 0; look < 2; ++look) {  // read, and known
    const std::string text(get("/ui/grid/ti_summaries/other?" + asked.substr(1)).content());
    const auto lines = split(text, '\n');
    ASSERT_EQ(lines.size(), 21U);
    for (std::size_t run = 0; run < 20; ++run) {
      const auto line = parse_json(lines[run]).value();
      EXPECT_EQ(get_text(line, "run_id"), fmt::format("r{}", run));
      const auto& squares = list(line, "task_instances");
      ASSERT_EQ(squares.size(), 1000U);
      for (const json::value& square : squares)
        EXPECT_EQ(get_text(square, "state") == "failed",
                  get_text(square, "task_id") == fmt::format("t{}", run));
    }
  }
}

TEST_F(ApiTest, TheGridShowsANoteOnATaskOfAFinishedRun) {
  const std::string without(get("/ui/grid/ti_summaries/hello?run_ids=manual__1").content());
  EXPECT_EQ(without.find("\"has_note\":true"), std::string::npos);
  ok_json("PATCH", kRun + "/taskInstances/extract", json::object{{"note", "seen"}});
  const std::string with(get("/ui/grid/ti_summaries/hello?run_ids=manual__1").content());
  EXPECT_NE(with.find("\"has_note\":true"), std::string::npos);
}

TEST_F(ApiTest, GraphJoinsGroupsAndLabelsEdges) {
  const auto data = ok_json("GET", "/ui/structure/structure_data?dag_id=hello");
  std::vector<std::string> edges;
  for (const json::value& edge : list(data, "edges")) {
    edges.push_back(get_text(edge, "source_id") + ">" + get_text(edge, "target_id"));
  }
  const std::vector<std::string> expected = {
      "extract>work.upstream_join_id",     "work.downstream_join_id>report",
      "work.left>work.downstream_join_id", "work.right>work.downstream_join_id",
      "work.upstream_join_id>work.left",   "work.upstream_join_id>work.right"};
  EXPECT_EQ(edges, expected);
  const json::value& group = list(data, "nodes")[1];
  EXPECT_EQ(get_text(group, "tooltip"), "Does it");
  EXPECT_EQ(list(group, "children").size(), 4U);  // two tasks, two joins
  EXPECT_TRUE(find(group, "asset_condition_type")->is_null());
}

TEST_F(ApiTest, GraphCanBeNarrowed) {
  const auto data =
      ok_json("GET", "/ui/structure/structure_data?dag_id=hello&root=work.left&include_downstream=true");
  EXPECT_EQ(list(data, "nodes").size(), 2U);
}

TEST_F(ApiTest, RunsAndTaskInstancesAreListedWithWildcards) {
  const auto runs = ok_json("GET", "/api/v2/dags/~/dagRuns?state=running&state=queued&limit=1");
  EXPECT_EQ(get_integer(runs, "total_entries", 0), 1);
  const auto run = ok_json("GET", "/api/v2/dags/hello/dagRuns/manual__1");
  EXPECT_EQ(get_text(run, "logical_date"), "1970-01-01T00:00:01Z");
  EXPECT_EQ(get_number(run, "duration", 0), 3.5);
  EXPECT_EQ(get_integer(*find(run, "conf"), "a", 0), 1);
  const auto all = ok_json("GET", "/api/v2/dags/~/dagRuns/~/taskInstances?state=none&state=failed");
  EXPECT_EQ(get_integer(all, "total_entries", 0), 2);
  const auto one = ok_json("GET", "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/-1");
  EXPECT_EQ(get_text(*find(one, "rendered_fields"), "op_args"), "[]");
  EXPECT_TRUE(find(one, "trigger")->is_null());
  EXPECT_EQ(get("/api/v2/dags/hello/dagRuns/manual__1/taskInstances/work.right").status, 404);
}

TEST_F(ApiTest, FiltersRefuseStatesAndTypesThatAreNone) {
  for (const char* query : {"state=nothing", "run_type=nothing"}) {
    EXPECT_EQ(get(std::string("/api/v2/dags/hello/dagRuns?") + query).status, 422) << query;
    EXPECT_EQ(get(std::string("/ui/grid/runs/hello?") + query).status, 422) << query;
  }
  EXPECT_EQ(get("/api/v2/dags/~/dagRuns/~/taskInstances?state=nothing").status, 422);
  EXPECT_EQ(get("/api/v2/dags/~/dagRuns/~/taskInstances?state=no_status&state=success").status, 200);
  EXPECT_EQ(get("/api/v2/dags?dag_run_state=nothing").status, 422);
}

TEST_F(ApiTest, PrefixesAreCaseSensitiveAndEndInALetterOrDigit) {
  const auto total = [&](std::string_view prefix) {
    const auto list = ok_json("GET", "/api/v2/dags?dag_id_prefix_pattern=" + std::string(prefix));
    return get_integer(list, "total_entries", -1);
  };
  EXPECT_EQ(total("hel"), 1);
  EXPECT_EQ(total("hel_"), 1);
  EXPECT_EQ(total("HEL"), 0);
  EXPECT_EQ(total("_"), 2);
  EXPECT_EQ(total("hel%7Coth"), 2);
}

TEST_F(ApiTest, TheCalendarPlansTheRestOfTheYear) {
  sql("UPDATE dag_run SET data_interval_start = logical_date, data_interval_end = logical_date "
      "WHERE dag_id = 'hello'");
  sql(R"(UPDATE dag_version SET dag_hash = 'h9', serialized = REPLACE(serialized, '"doc_md":',
      '"timetable": {"__type": "airflow.timetables.interval.CronDataIntervalTimetable",
        "__var": {"expression": "0 0 1 * *", "timezone": "UTC"}}, "doc_md":') WHERE id = 'ver-1')");
  const auto calendar = ok_json("GET", "/ui/calendar/hello");
  std::size_t planned = 0;
  for (const json::value& slot : list(calendar, "dag_runs"))
    planned += get_text(slot, "state") == "planned" ? 1 : 0;
  EXPECT_GT(planned, 0U);
}

TEST_F(ApiTest, ListsCanBeWalkedByCursor) {
  const std::string path = "/api/v2/dags/hello/dagRuns?order_by=run_after&limit=1&cursor=";
  const auto first = ok_json("GET", path);
  EXPECT_EQ(get_integer(first, "total_entries", 0), 2);
  EXPECT_EQ(get_integer(first, "total_entries_limit", 0), 50'000);
  const auto second = ok_json("GET", path + get_text(first, "next_cursor"));
  EXPECT_EQ(get_text(list(second, "dag_runs")[0], "dag_run_id"), "manual__2");
  EXPECT_TRUE(find(second, "next_cursor")->is_null());
  EXPECT_EQ(get(path + "rubbish").status, 400);
}

TEST_F(ApiTest, WhatTheDatabaseNeedsTooLongForIsRefused) {
  database_->limit_reads(std::chrono::milliseconds(200));
  sql("ALTER TABLE variable RENAME TO few;"
      "CREATE VIEW variable AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
      "SELECT i AS id, 'x' AS key, 'x' AS value, NULL AS description FROM n");
  const auto refused = get("/api/v2/variables");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(detail_of(refused), "The database took too long to answer this: ask for less at once");
  EXPECT_EQ(get("/api/v2/pools").status, 200);
}

TEST_F(ApiTest, LogsComeAsJsonAndAsLines) {
  const std::string path = "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/logs/1?map_index=-1";
  const auto document = ok_json("GET", path);
  const json::array& content = list(document, "content");
  ASSERT_EQ(content.size(), 5U);
  EXPECT_EQ(get_text(content[0], "event"), "::group::Log message source details");
  EXPECT_TRUE(get_text(content[1], "event").ends_with("attempt=1.log"));
  EXPECT_EQ(get_text(content[3], "event"), "first line");
  EXPECT_EQ(get_text(content[4], "event"), "not json");
  EXPECT_TRUE(find(document, "continuation_token")->is_null());
  EXPECT_EQ(get("/api/v2/dags/hello/dagRuns/manual__1/taskInstances/none/logs/1").status, 404);
}

TEST_F(ApiTest, RunningAttemptsHaveAContinuationToken) {
  const auto document = ok_json("GET", "/api/v2/dags/hello/dagRuns/manual__2/taskInstances/extract/logs/1");
  EXPECT_FALSE(find(document, "continuation_token")->is_null());
}

TEST_F(ApiTest, HomeCounts) {
  const auto stats = ok_json("GET", "/ui/dashboard/dag_stats");
  EXPECT_EQ(get_integer(stats, "active_dag_count", 0), 1);
  EXPECT_EQ(get_integer(stats, "running_dag_count", 0), 1);
  const auto metrics =
      ok_json("GET", "/ui/dashboard/historical_metrics_data?start_date=1970-01-01T00:00:00Z");
  EXPECT_EQ(get_integer(*find(metrics, "dag_run_states"), "failed", 0), 1);
  EXPECT_EQ(get_integer(*find(metrics, "task_instance_states"), "success", 0), 2);
}

TEST_F(ApiTest, EveryReadThatTheUiMakesAnswers) {
  for (const char* target : {"/ui/auth/menus",
                             "/api/v2/plugins",
                             "/api/v2/version",
                             "/api/v2/pools",
                             "/api/v2/importErrors",
                             "/api/v2/plugins/importErrors",
                             "/api/v2/assets/events",
                             "/api/v2/dags/~/dagRuns/~/hitlDetails",
                             "/api/v2/dagTags",
                             "/ui/next_run_assets/hello",
                             "/api/v2/dags/hello/assets/queuedEvents",
                             "/ui/partitioned_dag_runs",
                             "/ui/dependencies",
                             "/ui/gantt/hello/manual__1",
                             "/api/v2/dags/hello/dagVersions",
                             "/api/v2/dagWarnings",
                             "/ui/backfills",
                             "/ui/dags/hello/latest_run",
                             "/ui/dags/other/latest_run",
                             "/ui/calendar/hello?granularity=hourly",
                             "/api/v2/dagSources/hello",
                             "/api/v2/eventLogs",
                             "/api/v2/jobs",
                             "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/-1/tries",
                             "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/tries/1",
                             "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/dependencies",
                             "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/links",
                             "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/xcomEntries",
                             "/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries",
                             "/api/v2/variables",
                             "/api/v2/connections",
                             "/ui/connections/hook_meta",
                             "/api/v2/providers",
                             "/api/v2/assets",
                             "/api/v2/dagStats",
                             "/ui/dags/hello/dagRuns/manual__1/stats",
                             "/ui/dags/hello/dagRuns/manual__1/deadlines",
                             "/ui/dags/hello/deadlineAlerts",
                             "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/extract/state-store",
                             "/api/v2/dags/hello/dagRuns/manual__1/upstreamAssetEvents",
                             "/api/v2/dags/hello/dagRuns/manual__1/taskInstances/work.right/listMapped",
                             "/api/v2/eventLogs?order_by=-when&excluded_events=a&excluded_events=b"}) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 200) << target << "\n" << response.content();
    EXPECT_TRUE(parse_json(response.content())) << target;
  }
}

TEST_F(ApiTest, WhatPythonKnowsOfPackagesIsAskedOnce) {
  commands_.told = *parse_json(
      R"([{"package_name": "a", "description": "A", "version": "1", "documentation_url": null},
          {"package_name": "b", "description": "B", "version": "2", "documentation_url": "u"}])");
  const auto page = ok_json("GET", "/api/v2/providers?limit=1&offset=1");
  EXPECT_EQ(get_integer(page, "total_entries", 0), 2);
  EXPECT_EQ(get_text(find(page, "providers")->at(0), "package_name"), "b");
  EXPECT_EQ(find(ok_json("GET", "/api/v2/providers?limit=9223372036854775807&offset=1"), "providers")
                ->get_array()
                .size(),
            1U);
  EXPECT_EQ(commands_.questions, 1);
}

TEST_F(ApiTest, PythonIsAskedAgainAfterItFailed) {
  commands_.told = fail(ErrorCode::invalid, "Traceback");
  const auto answer = get("/api/v2/providers");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(detail_of(answer),
            "the providers of the installed packages could not be read; the server's log says why");
  commands_.told = json::array();
  EXPECT_EQ(get_integer(ok_json("GET", "/api/v2/providers"), "total_entries", -1), 0);
}

TEST_F(ApiTest, DefaultConnectionsAreMadeIfTheyAreNotThere) {
  commands_.told = *parse_json(R"([{"connection_id": "fs_default", "conn_type": "fs", "host": "theirs"},
                                  {"connection_id": "mine", "conn_type": "ftp"}])");
  ok_json("POST", "/api/v2/connections", json::object{{"connection_id", "mine"}, {"conn_type", "http"}}, 201);
  EXPECT_EQ(call("POST", "/api/v2/connections/defaults").status, 204);
  EXPECT_EQ(get_text(ok_json("GET", "/api/v2/connections/fs_default"), "host"), "theirs");
  EXPECT_EQ(get_text(ok_json("GET", "/api/v2/connections/mine"), "conn_type"), "http");
}

}  // namespace
}  // namespace leoflow::api
