#include "api/core/dag_access.hpp"

#include <array>
#include <fmt/format.h>
#include <set>

#include "api/testing/fixture.hpp"
#include "gen/operations.hpp"

namespace leoflow::api {
namespace {

using auth::Role;

// What is of the DAG that nobody but its own group may see has this in all its names.
constexpr std::string_view kHidden = "zz_hidden";

/// Two DAGs: "hello", of the group team-a, and "zz_hidden", of which there is one of everything.
class DagAccessTest : public ApiTest {
 protected:
  DagAccessTest() {
    sql(R"(
      INSERT INTO dag (dag_id, bundle_name, bundle_path, relative_fileloc, dag_display_name, description, owners,
        timetable_type, timetable_summary, is_paused, is_stale, has_import_errors, has_task_concurrency_limits,
        max_active_tasks, max_active_runs, max_consecutive_failed_dag_runs, current_version_id, last_parsed_at)
        VALUES ('zz_hidden', 'dags-folder', '/dags', 'zz_hidden.py', 'zz_hidden', NULL, 'zz_hidden', 'airflow.X', NULL,
        0, 0, 1, 0, 16, 16, 0, 'ver-z', 1);
      INSERT INTO dag_tag VALUES ('zz_hidden', 'zz_hidden_tag');
      INSERT INTO dag_version (id, dag_id, version_number, bundle_name, bundle_version, dag_hash, serialized, source,
        created_at, updated_at) VALUES ('ver-z', 'zz_hidden', 1, 'dags-folder', NULL, 'h',
        '{"dag":{"dag_id":"zz_hidden","tasks":[],"dag_dependencies":[{"source":"zz_hidden","target":"hello",
          "label":"zz_hidden_call","dependency_type":"trigger","dependency_id":"zz_hidden_call"}]}}',
        'zz_hidden', 1, 1);
      INSERT INTO dag_run (dag_id, run_id, dag_version_id, state, run_type, triggered_by, logical_date, run_after,
        start_date, end_date, conf, note, updated_at) VALUES ('zz_hidden', 'zz_hidden_run', 'ver-z', 'running',
        'manual', 'ui', 1000000, 1000000, 2000000, NULL, '{}', NULL, 1);
      INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, try_number, max_tries,
        dag_version_id, task_display_name, operator, pool, pool_slots, queue, priority_weight, start_date, end_date,
        updated_at) VALUES ('zt', 'zz_hidden', 'zz_hidden_run', 'zz_hidden_task', -1, 'deferred', 1, 0, 'ver-z',
        'zz_hidden_task', 'X', 'default_pool', 1, 'default', 1, 2000000, NULL, 1);
      INSERT INTO xcom (dag_id, run_id, task_id, map_index, key, value, created_at) VALUES
        ('zz_hidden', 'zz_hidden_run', 'zz_hidden_task', -1, 'zz_hidden_key', '1', 1);
      INSERT INTO hitl_detail (dag_id, run_id, task_id, map_index, try_number, options, subject, multiple, params,
        params_input, assigned_users, created_at) VALUES ('zz_hidden', 'zz_hidden_run', 'zz_hidden_task', -1, 1, '["yes"]',
        'zz_hidden?', 0, '{}', '{}', '[]', 1);
      INSERT INTO deadline (id, dag_id, run_id, deadline_time, callback, missed, is_done, created_at, updated_at)
        VALUES ('zd', 'zz_hidden', 'zz_hidden_run', 9000000, '{}', 1, 0, 1, 1);
      INSERT INTO backfill (id, dag_id, from_date, to_date, is_paused, reprocess_behavior, max_active_runs, created_at,
        updated_at) VALUES (7, 'zz_hidden', 1, 1, 0, 'none', 1, 1, 1), (8, 'hello', 1, 1, 0, 'none', 1, 1, 1);
      INSERT INTO event_log (created_at, event, owner, dag_id) VALUES (1, 'cli', 'zz_hidden', 'zz_hidden'),
        (2, 'cli', 'ann', 'hello'), (3, 'oidc_login', 'zz_hidden', NULL);
      INSERT INTO dag_warning (dag_id, warning_type, message, created_at) VALUES
        ('zz_hidden', 'asset conflict', 'zz_hidden', 1), ('hello', 'asset conflict', 'look', 1);
      INSERT INTO import_error (bundle_name, filename, stacktrace, created_at) VALUES
        ('dags-folder', 'zz_hidden.py', 'zz_hidden', 1), ('dags-folder', 'hello.py', 'Traceback', 1);
      INSERT INTO asset (name, uri, asset_group, extra, is_active, created_at, updated_at) VALUES
        ('zz_hidden_asset', 'zz_hidden', 'asset', '{}', 1, 1, 1);
      INSERT INTO asset_event (asset_id, created_at, extra, source_dag_id, source_run_id, source_task_id) SELECT id, 1,
        '{}', 'zz_hidden', 'zz_hidden_run', 'zz_hidden_task' FROM asset;
      INSERT INTO dag_run_asset_event (dag_id, run_id, event_id) SELECT 'hello', 'manual__1', id FROM asset_event;
    )");
  }

  /// From now on, calls are those of a user with that role, in team-a.
  void become(Role role) {
    auth::put_user(*database_->connect(), {"ann", "none", role, {"team-b", "team-a"}}, now_);
    token_ = tokens_.issue("ann", role, now_, auth::Tokens::kUserLife);
  }
  void give(std::string_view action) {
    sql(fmt::format(
        "INSERT INTO dag_access VALUES ('hello', 'team-a', '{0}'), ('zz_hidden', 'team-z', '{0}')", action));
  }

  /// A path with everything that is in it named.
  static std::string filled(std::string_view path, std::string_view dag_id, bool is_wild = false) {
    const bool is_hidden = dag_id == kHidden;
    const std::array<std::pair<std::string_view, std::string_view>, 12> names{{
        {"{dag_id}", dag_id},
        {"{dag_run_id}", is_wild     ? "~"
                         : is_hidden ? "zz_hidden_run"
                                     : "manual__1"},
        {"{run_id}", is_hidden ? "zz_hidden_run" : "manual__1"},
        {"{task_id}", is_wild     ? "~"
                      : is_hidden ? "zz_hidden_task"
                                  : "extract"},
        {"{map_index}", "-1"},
        {"{xcom_key:path}", "return_value"},
        {"{key:path}", "k"},
        {"{group_id}", "work"},
        {"{backfill_id}", "7"},
        {"{name}", "x"},
        {"{file_token}", "WyJkYWdzLWZvbGRlciIsInp6X2hpZGRlbi5weSJd"},  // of zz_hidden.py
        {"{section}", "core"},
    }};
    std::string out(path);
    for (const auto& [name, value] : names) {
      if (const auto at = out.find(name); at != std::string::npos) out.replace(at, name.size(), value);
    }
    for (auto at = out.find('{'); at != std::string::npos; at = out.find('{'))
      out.replace(at, out.find('}') - at + 1, "1");
    return out;
  }

  static bool names_dag(const wire::Route& route) {
    return route.path.find("{dag_id}") != std::string_view::npos;
  }
  /// Queries that together give each list what it must have, and ask for as much as there is.
  static constexpr std::array<std::string_view, 4> kQueries{
      "?limit=100", "?start_date=1970-01-01T00:00:00Z&limit=100",
      "?dag_id=hello&external_dependencies=true&limit=100", "?dag_id=~&run_ids=zz_hidden_run"};

  /// Everything that an answer says, in parts or not.
  static std::string text_of(const http::Response& response) {
    std::string out(response.content());
    for (const auto& [name, value] : response.headers) out += name + value;
    return out;
  }

  // They show assets, which are not of a DAG.
  const std::set<std::string_view> of_assets_{"delete_dag_asset_queued_event",
                                              "delete_dag_asset_queued_events",
                                              "get_dag_asset_queued_event",
                                              "get_dag_asset_queued_events",
                                              "get_pending_partitioned_dag_run",
                                              "get_upstream_asset_events",
                                              "next_run_assets"};
};

TEST_F(DagAccessTest, EveryReadOfOneDagIsOpenToWhoIsGivenItAndClosedToOthers) {
  give("read");
  become(Role::none);
  int count = 0;
  for (const wire::Route& route : gen::kRoutes) {
    if (route.method != "GET" || !names_dag(route)) continue;
    EXPECT_EQ(get(filled(route.path, kHidden)).status, 403) << route.operation;
    const auto own = get(filled(route.path, "hello"));
    if (of_assets_.contains(route.operation)) {
      EXPECT_EQ(own.status, 403) << route.operation;
    } else {
      EXPECT_NE(own.status, 403) << route.operation;
      EXPECT_LT(own.status, 500) << route.operation;
    }
    ++count;
  }
  EXPECT_GT(count, 40);
}

TEST_F(DagAccessTest, WhoIsGivenADagIsToldWhenARunOfItEnds) {
  give("read");
  become(Role::none);
  const auto answer = get(filled("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait", "hello") + "?interval=1");
  ASSERT_EQ(answer.status, 200);
  ASSERT_TRUE(answer.stream);
  EXPECT_TRUE(answer.stream()) << "the state of the run";
}

TEST_F(DagAccessTest, NoAnswerNamesADagThatMayNotBeRead) {
  give("read");
  become(Role::none);
  std::set<std::string_view> answered;
  for (const wire::Route& route : gen::kRoutes) {
    if (route.open || route.method != "GET") continue;
    for (const bool is_wild : {false, true}) {
      for (const std::string_view dag_id : {"hello", "~"}) {
        for (const std::string_view query : kQueries) {
          const auto answer = get(filled(route.path, dag_id, is_wild) + std::string(query));
          EXPECT_EQ(text_of(answer).find(kHidden), std::string::npos) << route.path << query << "\n"
                                                                      << answer.content();
          if (answer.status == 200) answered.insert(route.operation);
        }
      }
    }
  }
  for (const char* target : {"/api/v2/dags/~/dagRuns/list", "/api/v2/dags/~/dagRuns/~/taskInstances/list"}) {
    for (const char* body : {"{}", R"({"dag_ids": ["zz_hidden"]})"}) {
      const auto answer = call("POST", target, body);
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(text_of(answer).find(kHidden), std::string::npos) << target << answer.content();
    }
  }
  for (const char* list :
       {"get_dags",          "get_dags_ui",    "get_dag_runs",     "get_task_instances", "get_xcom_entries",
        "get_hitl_details",  "get_deadlines",  "get_dag_versions", "get_event_logs",     "list_dag_warnings",
        "get_import_errors", "get_dag_tags",   "get_dag_stats",    "list_backfills",     "list_backfills_ui",
        "get_dependencies",  "structure_data", "dag_stats",        "historical_metrics", "get_configs",
        "get_auth_menus"})
    EXPECT_TRUE(answered.contains(list)) << list;
}

TEST_F(DagAccessTest, WhoReadsAllByRoleFindsTheOtherDagInTheSameLists) {
  give("read");
  become(Role::viewer);
  for (const char* target :
       {"/api/v2/dags", "/ui/dags", "/api/v2/dags/~/dagRuns", "/api/v2/dags/~/dagRuns/~/taskInstances",
        "/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries", "/api/v2/dags/~/dagRuns/~/hitlDetails",
        "/ui/dags/~/dagRuns/~/deadlines", "/api/v2/dags/~/dagVersions", "/api/v2/eventLogs",
        "/api/v2/dagWarnings", "/api/v2/importErrors", "/api/v2/dagTags", "/api/v2/dagStats", "/ui/backfills",
        "/ui/dependencies", "/ui/structure/structure_data?dag_id=hello&external_dependencies=true",
        "/api/v2/dags/hello/dagRuns/manual__1/upstreamAssetEvents", "/api/v2/dagSources/zz_hidden"})
    EXPECT_NE(get(target).content().find(kHidden), std::string::npos) << target;
}

TEST_F(DagAccessTest, ListsHaveWhatIsGivenAndCountNoMore) {
  give("read");
  become(Role::none);
  for (const char* target : {"/api/v2/dags", "/ui/dags", "/api/v2/dagWarnings", "/api/v2/importErrors",
                             "/api/v2/dagStats", "/ui/backfills", "/api/v2/eventLogs"}) {
    const json::value list = ok_json("GET", target);
    EXPECT_EQ(list.at("total_entries"), 1) << target;
  }
  EXPECT_EQ(ok_json("GET", "/api/v2/dags/~/dagRuns").at("total_entries"), 2);
  EXPECT_EQ(ok_json("GET", "/api/v2/dags/~/dagRuns/~/taskInstances").at("total_entries"), 6);
  EXPECT_EQ(ok_json("GET", "/api/v2/dagTags").at("tags"), (json::array{"aaa", "demo"}));
  EXPECT_EQ(ok_json("GET", "/ui/dashboard/dag_stats").at("running_dag_count"), 1);
  const json::value metrics =
      ok_json("GET", "/ui/dashboard/historical_metrics_data?start_date=1970-01-01T00:00:00Z");
  EXPECT_EQ(metrics.at("dag_run_states").at("running"), 1);
  EXPECT_EQ(metrics.at("task_instance_states").at("deferred"), 0);
}

TEST_F(DagAccessTest, WhoIsInNoGroupFindsNothing) {
  give("read");
  auth::put_user(*database_->connect(), {"bob", "none", Role::none}, now_);
  token_ = tokens_.issue("bob", Role::none, now_, auth::Tokens::kUserLife);
  EXPECT_EQ(ok_json("GET", "/api/v2/dags").at("total_entries"), 0);
  EXPECT_EQ(get("/api/v2/dags/hello").status, 403);
  EXPECT_EQ(ok_json("GET", "/ui/auth/me").at("username"), "bob");
}

TEST_F(DagAccessTest, WhoMayOnlyReadADagChangesNothing) {
  give("read");
  become(Role::none);
  const std::set<std::string_view> reads{"favorite_dag", "unfavorite_dag", "get_list_dag_runs_batch",
                                         "generate_token", "get_task_instances_batch"};
  for (const wire::Route& route : gen::kRoutes) {
    if (route.open || route.method == "GET" || reads.contains(route.operation)) continue;
    for (const std::string_view dag_id : {std::string_view("hello"), kHidden, std::string_view("~")}) {
      // By a pattern of names, all of those that one may change are changed: none.
      if (route.operation == "patch_dags") continue;
      const auto answer = call(route.method, filled(route.path, dag_id), R"({"dag_id": "hello"})");
      const bool is_hidden_backfill = route.path.find("{backfill_id}") != std::string_view::npos;
      EXPECT_EQ(answer.status, is_hidden_backfill ? 404 : 403) << route.operation << " of " << dag_id;
    }
  }
  EXPECT_EQ(call("PUT", "/api/v2/backfills/8/pause").status, 403);
  EXPECT_EQ(ok_json("PATCH", "/api/v2/dags?dag_id_pattern=~", {{"is_paused", true}}).at("total_entries"), 0);
  EXPECT_TRUE(commands_.triggered.empty() && commands_.deleted.empty() && commands_.reparsed.empty());
}

TEST_F(DagAccessTest, WhoMayEditADagChangesItAndNoOther) {
  give("read");
  give("edit");
  become(Role::none);
  for (const wire::Route& route : gen::kRoutes) {
    if (route.method == "GET" || !names_dag(route)) continue;
    EXPECT_EQ(call(route.method, filled(route.path, kHidden), "{}").status, 403) << route.operation;
    const bool is_closed = of_assets_.contains(route.operation) || route.operation == "delete_dag";
    const auto own = call(route.method, filled(route.path, "hello"), "{}");
    EXPECT_EQ(own.status == 403, is_closed) << route.operation;
  }
  ok_json("PATCH", "/api/v2/dags?dag_id_pattern=~", {{"is_paused", true}});
  token_ = tokens_.issue("admin", Role::admin, now_, auth::Tokens::kUserLife);
  EXPECT_EQ(ok_json("GET", "/api/v2/dags/hello").at("is_paused"), true);
  EXPECT_EQ(ok_json("GET", "/api/v2/dags/zz_hidden").at("is_paused"), false);
}

TEST_F(DagAccessTest, ABodyNamesNoDagThatThePathDoesNotAllow) {
  give("read");
  give("edit");
  become(Role::none);
  const auto bulk = [](std::string_view dag_id, std::string_view more) {
    return fmt::format(R"({{"actions": [{{"action": "delete", "entities": [
                           {{"dag_id": "{}", "dag_run_id": "manual__1"{}}}]}}]}})",
                       dag_id, more);
  };
  const std::array<std::pair<std::string_view, std::string_view>, 2> kinds{
      {{"dagRuns", ""}, {"dagRuns/~/taskInstances", R"(, "task_id": "extract")"}}};
  for (const char* path : {"hello", "~"}) {
    for (const auto& [kind, more] : kinds) {
      const std::string target = fmt::format("/api/v2/dags/{}/{}", path, kind);
      EXPECT_EQ(call("PATCH", target, bulk("zz_hidden", more)).status, 403) << target;
      EXPECT_EQ(call("PATCH", target, bulk("hello", more)).status, 200) << target;
    }
    const std::string target = fmt::format("/api/v2/dags/{}/clearDagRuns", path);
    const auto runs = [](std::string_view dag_id) {
      return fmt::format(R"({{"dag_runs": [{{"dag_id": "{}", "dag_run_id": "manual__1"}}]}})", dag_id);
    };
    EXPECT_EQ(call("POST", target, runs("zz_hidden")).status, 403);
    EXPECT_EQ(call("POST", target, runs("hello")).status, 200);
  }
  const auto backfill = [](std::string_view dag_id) {
    return fmt::format(
        R"({{"dag_id": "{}", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"}})",
        dag_id);
  };
  EXPECT_EQ(call("POST", "/api/v2/backfills/dry_run?dag_id=hello", backfill("zz_hidden")).status, 403);
  EXPECT_EQ(call("POST", "/api/v2/backfills/dry_run", backfill("hello")).status, 200);
}

TEST_F(DagAccessTest, NamingAReadableDagInAQueryOpensNothingElse) {
  give("read");
  become(Role::none);
  for (const char* target :
       {"/api/v2/variables?dag_id=hello", "/api/v2/connections?dag_id=hello", "/api/v2/pools?dag_id=hello",
        "/api/v2/assets?dag_id=hello", "/api/v2/serviceTokens?dag_id=hello", "/api/v2/projects?dag_id=hello",
        "/ui/structure/structure_data?dag_id=hello&dag_id=zz_hidden"})
    EXPECT_EQ(get(target).status, 403) << target;
}

TEST_F(DagAccessTest, TriggeringAndDeletingAreGivenByThemselves) {
  give("read");
  give("trigger");
  become(Role::none);
  EXPECT_EQ(
      call("POST", "/api/v2/dags/hello/dagRuns", R"({"logical_date": null, "conf": {"dag_id": "zz_hidden"}})")
          .status,
      200);
  EXPECT_EQ(call("PATCH", "/api/v2/dags/hello", R"({"is_paused": true})").status, 403);
  EXPECT_EQ(call("DELETE", "/api/v2/dags/hello").status, 403);
  give("delete");
  EXPECT_EQ(call("DELETE", "/api/v2/dags/hello").status, 204);
}

TEST_F(DagAccessTest, AViewerIsGivenWhatTheRoleDoesNotAllow) {
  give("edit");
  become(Role::viewer);
  EXPECT_EQ(call("PATCH", "/api/v2/dags/hello", R"({"is_paused": true})").status, 200);
  EXPECT_EQ(call("PATCH", "/api/v2/dags/zz_hidden", R"({"is_paused": true})").status, 403);
  EXPECT_EQ(call("PUT", "/api/v2/backfills/8/pause").status, 200);
  EXPECT_EQ(call("PUT", "/api/v2/backfills/7/pause").status, 403);
}

TEST_F(DagAccessTest, AFileWithOtherDagsIsNotShown) {
  give("read");
  become(Role::none);
  EXPECT_EQ(ok_json("GET", "/api/v2/dagSources/hello").at("content"), "print(1)");
  sql("UPDATE dag SET relative_fileloc = 'hello.py' WHERE dag_id = 'zz_hidden'");
  EXPECT_EQ(ok_json("GET", "/api/v2/dagSources/hello").at("content"),
            "REDACTED - you do not have read permission on all Dags in the file");
  EXPECT_EQ(ok_json("GET", "/api/v2/importErrors").at("total_entries"), 0);
}

TEST_F(DagAccessTest, OutOfTheGroupMeansOutAtOnce) {
  give("read");
  become(Role::none);
  EXPECT_EQ(get("/api/v2/dags/hello").status, 200);
  auth::set_groups(*database_->connect(), "ann", {"team-b"}, now_);
  EXPECT_EQ(get("/api/v2/dags/hello").status, 403);
}

TEST_F(DagAccessTest, TheMenuHasWhatIsOfDags) {
  become(Role::none);
  EXPECT_EQ(ok_json("GET", "/ui/auth/menus").at("authorized_menu_items"),
            (json::array{"Required Actions", "Audit Log", "Dags", "Deadlines", "Docs", "XComs"}));
}

}  // namespace
}  // namespace leoflow::api
