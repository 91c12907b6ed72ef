#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

class ListFiltersTest : public ApiTest {
 protected:
  /// The ids of the tasks of a run, in the order of the list.
  std::string tasks(std::string_view run_id, std::string_view query) {
    const auto list = ok_json(
        "GET", "/api/v2/dags/hello/dagRuns/" + std::string(run_id) + "/taskInstances?" + std::string(query));
    std::string ids;
    for (const json::value& task : find(list, "task_instances")->get_array()) {
      ids += (ids.empty() ? "" : " ") + get_text(task, "task_id");
    }
    return ids;
  }
};

TEST_F(ListFiltersTest, WhatHasNotBegunIsBeyondEveryLowerBoundAndWithinBoundsThatLieAhead) {
  EXPECT_EQ(tasks("manual__2", "start_date_gte=2040-01-01T00:00:00Z"), "report");
  EXPECT_EQ(tasks("manual__2", "end_date_gt=2040-01-01T00:00:00Z"), "extract report");
  EXPECT_EQ(tasks("manual__2", "end_date_lt=2040-01-01T00:00:00Z"), "extract report");
  EXPECT_EQ(tasks("manual__2", "end_date_lte=2000-01-01T00:00:00Z"), "");
  EXPECT_EQ(tasks("manual__2", "start_date_lt=2000-01-01T00:00:00Z"), "extract");
}

TEST_F(ListFiltersTest, OperatorsAreFoundByTheirClassAndByTheirName) {
  sql("UPDATE task_instance SET operator_name = '@task' WHERE operator = '_PythonDecoratedOperator'");
  EXPECT_EQ(tasks("manual__1", "operator=_PythonDecoratedOperator"), "extract");
  EXPECT_EQ(tasks("manual__1", "operator_name_pattern=@task"), "extract");
  EXPECT_EQ(tasks("manual__1", "operator_name_prefix_pattern=Bash"), "work.left work.right");
  EXPECT_EQ(tasks("manual__1", "order_by=-operator&limit=1"), "extract");
}

TEST_F(ListFiltersTest, MapIndexesAreFoundByTheirLabelOrNumberAndOrderedSo) {
  sql("INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, try_number, max_tries, "
      "dag_version_id, "
      "task_display_name, operator, pool, pool_slots, queue, priority_weight, updated_at, "
      "rendered_map_index) "
      "SELECT 'm' || n.i, dag_id, run_id, 'm' || n.i, n.i, 0, 0, dag_version_id, task_display_name, "
      "operator, "
      "pool, pool_slots, queue, priority_weight, updated_at, CASE WHEN n.i = 7 THEN 'seven' END "
      "FROM task_instance, (SELECT 2 AS i UNION SELECT 10 UNION SELECT 7) n WHERE id = 't6'");
  EXPECT_EQ(tasks("manual__2", "rendered_map_index_pattern=seven"), "m7");
  EXPECT_EQ(tasks("manual__2", "rendered_map_index_prefix_pattern=1"), "m10");
  EXPECT_EQ(tasks("manual__2", "order_by=rendered_map_index"), "m7 extract report m2 m10");
}

TEST_F(ListFiltersTest, TimetablesAreFoundByTheNamesOfTheirClasses) {
  const auto total = [this](std::string_view query) {
    return get_integer(ok_json("GET", "/api/v2/dags?" + std::string(query)), "total_entries", -1);
  };
  EXPECT_EQ(total("timetable_type=NullTimetable"), 1);
  EXPECT_EQ(total("timetable_type=NullTimetable&timetable_type=CronTriggerTimetable"), 2);
  EXPECT_EQ(total("timetable_type=Timetable"), 0);
}

TEST_F(ListFiltersTest, AStateThatIsNoneIsRefusedBeforeTheTaskIsLookedUp) {
  EXPECT_EQ(get("/api/v2/dags/hello/dagRuns/manual__1/taskInstances/none/listMapped?state=nothing").status,
            422);
  EXPECT_EQ(get("/api/v2/dags/hello/dagRuns/manual__1/taskInstances/none/listMapped").status, 404);
}

TEST_F(ListFiltersTest, AGroupThatIsMissingIsToldSo) {
  const auto response = get("/api/v2/dags/hello/dagRuns/manual__1/taskInstances?task_group_id=none");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content(), R"({"detail":{"reason":"not_found","message":"Task group none not found"}})");
}

TEST_F(ListFiltersTest, TheGridOfARootThatIsMissingIsEmpty) {
  EXPECT_EQ(get("/ui/grid/structure/hello?root=none").content(), "[]");
  EXPECT_NE(get("/ui/grid/structure/hello?root=extract").content(), "[]");
  EXPECT_EQ(detail_of(get("/ui/grid/runs/none")), "Dag with id none was not found");
}

TEST_F(ListFiltersTest, TheGridShowsRunsInTheOrderOfTheirTimetableUnlessAsked) {
  sql("UPDATE dag_run SET data_interval_end = CASE run_id WHEN 'manual__1' THEN 9 ELSE 8 END");
  const auto first = [this](std::string_view query) {
    return get_text(ok_json("GET", "/ui/grid/runs/hello" + std::string(query)).get_array()[0], "run_id");
  };
  EXPECT_EQ(first(""), "manual__2");
  EXPECT_EQ(first("?order_by=run_after"), "manual__1");
}

}  // namespace
}  // namespace leoflow::api
