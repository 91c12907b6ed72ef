#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

const std::string kRuns = "/api/v2/dags/hello/clearDagRuns";
const std::string kPartitions = "/api/v2/dags/hello/clearPartitions";

class ClearingTest : public ApiTest {
 protected:
  ClearingTest() {
    sql("UPDATE dag_run SET partition_key = '2025-12-31', partition_date = 1767135600000000 "
        "WHERE run_id = 'manual__1';"
        "UPDATE dag_run SET partition_key = '2026-01-01', partition_date = 1767222000000000 "
        "WHERE run_id = 'manual__2';"
        "INSERT INTO dag_run (dag_id, run_id, dag_version_id, state, run_type, triggered_by, run_after, "
        "conf, "
        "updated_at) VALUES ('hello', 'plain', 'ver-1', 'success', 'manual', 'ui', 1, '{}', 1);");
    // Days begin in Paris: the runs' partitions are 2025-12-31 and 2026-01-01 there.
    edit_dag("\"catchup\": false",
             R"("catchup": false, "timetable": {"__type": "airflow.timetables.trigger.CronPartitionTimetable",
               "__var": {"expression": "0 0 * * *", "timezone": "Europe/Paris", "run_offset": 0,
               "run_immediately": false, "key_format": "%Y-%m-%d"}})");
  }
  void edit_dag(std::string_view what, std::string_view by) {
    database_->connect()->execute(
        "UPDATE dag_version SET dag_hash = dag_hash || 'x', serialized = REPLACE(serialized, $1, $2) "
        "WHERE id = 'ver-1'",
        {std::string(what), std::string(by)});
  }
  /// The newest version has one task more than the runs.
  void add_task() {
    edit_dag("\"tasks\": [\n", R"("tasks": [{"__type": "operator", "__var": {"task_id": "added"}},)");
  }
  /// The only problem that a body has.
  json::object problem(const std::string& path, const json::object& body) {
    const auto response = call("POST", path, json::serialize(body));
    EXPECT_EQ(response.status, 422) << response.content();
    const auto document = parse_json(response.content()).value_or(nullptr);
    const json::value* list = find(document, "detail");
    if (list == nullptr || !list->is_array() || list->get_array().size() != 1) return {};
    return list->get_array()[0].get_object();
  }
  std::string message(const std::string& path, const json::object& body) {
    return get_text(problem(path, body), "msg");
  }
  /// The runs of the task instances that a clear would clear.
  std::string planned(json::object body) {
    std::string out;
    const auto answer = ok_json("POST", kRuns, body);
    for (const json::value& task : find(answer, "task_instances")->get_array()) {
      const std::string run = get_text(task, "dag_run_id");
      if (!out.ends_with(run)) out += (out.empty() ? "" : ",") + run;
    }
    return out;
  }
  std::string counted(const json::object& body) {
    const auto answer = ok_json("POST", kPartitions, body);
    return std::to_string(get_integer(answer, "dag_runs_cleared", -1)) + " runs, " +
           std::to_string(get_integer(answer, "task_instances_cleared", -1)) + " tasks";
  }
};

TEST_F(ClearingTest, RunsAreSelectedByTheirPartitionsOnTheTimetablesClock) {
  EXPECT_EQ(planned({{"partition_key", "2026-01-01"}}), "manual__2");
  EXPECT_EQ(planned({{"partition_key", "none"}}), "");
  EXPECT_EQ(planned({{"partition_date_start", "2025-12-31T00:00:00Z"}}), "manual__1,manual__2");
  EXPECT_EQ(planned({{"partition_date_start", "2025-12-31T00:00:01Z"}}), "manual__2");
  EXPECT_EQ(planned({{"partition_date_end", "2025-12-31T00:00:00Z"}}), "manual__1");
  EXPECT_EQ(planned({{"partition_date_start", "2026-01-01"}, {"partition_date_end", "2026-01-01T00:00:00"}}),
            "manual__2");
  EXPECT_TRUE(commands_.cleared.empty());
}

TEST_F(ClearingTest, RunsOfPartitionsAreCleared) {
  const auto answer = ok_json(
      "POST", kRuns, json::object{{"dry_run", false}, {"partition_key", "2025-12-31"}, {"note", "again"}});
  EXPECT_EQ(get_integer(answer, "total_entries", 0), 1);
  EXPECT_EQ(get_text(find(answer, "dag_runs")->get_array().at(0), "note"), "again");
  ASSERT_EQ(commands_.cleared.size(), 1U);
  EXPECT_EQ(commands_.cleared[0].tasks.size(), 4U);
}

TEST_F(ClearingTest, ASelectionOfRunsIsRefusedInTheWordsOfPydantic) {
  const std::string modes =
      "Value error, Exactly one of dag_runs (non-empty), partition_key, or a partition date window "
      "(partition_date_start / partition_date_end) must be provided.";
  const json::array runs{json::object{{"dag_run_id", "manual__1"}}};
  EXPECT_EQ(message(kRuns, {{"dry_run", true}}), modes);
  EXPECT_EQ(message(kRuns, {{"dag_runs", runs}, {"partition_key", "k"}}), modes);
  EXPECT_EQ(message(kRuns, {{"partition_date_end", "2026-01-01T00:00:00Z"}, {"partition_key", "k"}}), modes);
  EXPECT_EQ(message(kRuns, {{"partition_date_start", "2026-01-02T00:00:00Z"},
                            {"partition_date_end", "2026-01-01T00:00:00Z"}}),
            "Value error, partition_date_start must be on or before partition_date_end.");
  const json::object both{{"only_new", true}, {"only_failed", true}};
  const json::object refused = problem(kRun + "/clear", both);
  EXPECT_EQ(json::value(refused),
            json::value({{"type", "value_error"},
                         {"loc", json::array{"body"}},
                         {"msg", "Value error, only_new and only_failed are mutually exclusive"},
                         {"input", both},
                         {"ctx", {{"error", json::object()}}}}));
}

TEST_F(ClearingTest, RunsOfOtherDagsAndPartitionsOfNoDagAreRefused) {
  const auto status = [&](std::string_view dag, const json::object& body) {
    return call("POST", "/api/v2/dags/" + std::string(dag) + "/clearDagRuns", json::serialize(body)).status;
  };
  const auto named = [](json::object run) { return json::object{{"dag_runs", json::array{std::move(run)}}}; };
  EXPECT_EQ(status("~", {{"partition_key", "k"}}), 400);
  EXPECT_EQ(status("none", {{"partition_key", "k"}}), 404);
  EXPECT_EQ(status("~", named({{"dag_run_id", "manual__1"}})), 400);
  EXPECT_EQ(status("~", named({{"dag_run_id", "manual__1"}, {"dag_id", "hello"}})), 200);
  EXPECT_EQ(status("hello", named({{"dag_run_id", "manual__1"}, {"dag_id", "other"}})), 400);
  EXPECT_EQ(status("hello", named({{"dag_run_id", "none"}})), 404);
}

TEST_F(ClearingTest, OnlyNewTasksAreAddedToARun) {
  const auto plan = ok_json("POST", kRun + "/clear", json::object{{"only_new", true}});
  EXPECT_EQ(get_integer(plan, "total_entries", -1), 0);
  ok_json("POST", kRun + "/clear", json::object{{"only_new", true}, {"dry_run", false}});
  EXPECT_TRUE(commands_.cleared.empty()) << "there are none";
  add_task();
  const auto tasks = ok_json("POST", kRun + "/clear", json::object{{"only_new", true}});
  EXPECT_EQ(json::serialize(*find(tasks, "task_instances")),
            R"([{"task_id":"added","task_display_name":"added"}])");
  ok_json("POST", kRun + "/clear", json::object{{"only_new", true}, {"dry_run", false}});
  ok_json("POST", kRuns,
          json::object{{"only_new", true}, {"dry_run", false}, {"partition_key", "2025-12-31"}});
  ASSERT_EQ(commands_.cleared.size(), 2U);
  for (const engine::ClearTasks& command : commands_.cleared) {
    EXPECT_EQ(command.runs, std::vector<std::string>{"manual__1"});
    EXPECT_TRUE(command.tasks.empty());
    EXPECT_TRUE(command.on_latest_version);
    EXPECT_TRUE(command.reset_run_state);
  }
}

TEST_F(ClearingTest, PartitionsAreForgottenWithOrWithoutTheirTasks) {
  EXPECT_EQ(counted({{"partition_key", "2026-01-01"}}), "1 runs, 0 tasks");
  EXPECT_EQ(counted({{"partition_date_end", "2026-01-01T00:00:00Z"}, {"clear_task_instances", true}}),
            "2 runs, 6 tasks");
  EXPECT_EQ(counted({{"run_id", "plain"}}), "0 runs, 0 tasks");
  EXPECT_EQ(counted({{"run_id", "none"}}), "0 runs, 0 tasks");
  EXPECT_TRUE(commands_.unpartitioned.empty());
  EXPECT_EQ(counted({{"run_id", "manual__1"}, {"dry_run", false}}), "1 runs, 0 tasks");
  EXPECT_EQ(commands_.unpartitioned, std::vector<std::string>{"manual__1"});
  EXPECT_TRUE(commands_.cleared.empty());
  EXPECT_EQ(counted({{"run_id", "manual__2"}, {"dry_run", false}, {"clear_task_instances", true}}),
            "1 runs, 2 tasks");
  ASSERT_EQ(commands_.cleared.size(), 1U);
  EXPECT_EQ(commands_.cleared[0].tasks.size(), 2U);
}

TEST_F(ClearingTest, ASelectionOfPartitionsIsRefusedInTheWordsOfPydantic) {
  EXPECT_EQ(message(kPartitions, {{"run_id", "a"}, {"partition_key", "k"}}),
            "Value error, Exactly one of run_id, partition_key, or a partition date window "
            "(partition_date_start / partition_date_end) must be provided.");
  EXPECT_EQ(call("POST", "/api/v2/dags/none/clearPartitions", R"({"run_id": "a"})").status, 404);
}

}  // namespace
}  // namespace leoflow::api
