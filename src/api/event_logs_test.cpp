#include <fmt/format.h>

#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

class EventLogsTest : public ApiTest {
 protected:
  // Twelve events, the later ones with the lower ids; every third is of no DAG, and all of one run of two.
  EventLogsTest() {
    sql("DELETE FROM event_log");
    for (int i = 1; i <= 12; ++i) {
      const bool of_dag = i % 3 != 0;
      sql(
          fmt::format("INSERT INTO event_log (id, created_at, event, owner, dag_id, run_id, extra) "
                      "VALUES ({}, {}, 'e{}', 'admin', {}, {}, NULL)",
                      i, (13 - i) / 2 * 1'000'000, i % 2, of_dag ? "'hello'" : "NULL",
                      of_dag ? fmt::format("'run_{}'", i % 2) : "NULL"));
    }
  }

  /// The ids of a page, and how many there are in all.
  std::string ids(std::string_view query) {
    const auto page = ok_json("GET", fmt::format("/api/v2/eventLogs?{}", query));
    std::string text;
    for (const json::value& event : find(page, "event_logs")->get_array())
      text += fmt::format("{} ", get_integer(event, "event_log_id", 0));
    return text + fmt::format("of {}", get_integer(page, "total_entries", -1));
  }
};

TEST_F(EventLogsTest, AreInTheOrderOfTheirIdsOrAsAsked) {
  EXPECT_EQ(ids(""), "1 2 3 4 5 6 7 8 9 10 11 12 of 12");
  EXPECT_EQ(ids("order_by=-id&limit=3"), "12 11 10 of 12");
  EXPECT_EQ(ids("order_by=-when"), "1 3 2 5 4 7 6 9 8 11 10 12 of 12");
  EXPECT_EQ(ids("order_by=when&limit=4"), "12 10 11 8 of 12");
  EXPECT_EQ(ids("order_by=dag_id&order_by=-when"), "1 2 4 5 7 8 10 11 3 6 9 12 of 12") << "no DAG is last";
  EXPECT_EQ(ids("order_by=-dag_id&limit=1&offset=8"), "12 of 12");
  EXPECT_EQ(ids("order_by=-event&order_by=id&limit=2"), "1 3 of 12");
  EXPECT_EQ(get("/api/v2/eventLogs?order_by=secret").status, 400);
}

TEST_F(EventLogsTest, OfADagOrOfOneOfItsRunsAreInThoseOrdersToo) {
  EXPECT_EQ(ids("dag_id=hello&order_by=-when&limit=3"), "1 2 5 of 8");
  EXPECT_EQ(ids("dag_id=hello&order_by=-event_log_id&limit=2&offset=2"), "8 7 of 8");
  EXPECT_EQ(ids("dag_id=hello&run_id=run_1"), "1 5 7 11 of 4");
  EXPECT_EQ(ids("dag_id=hello&run_id=run_1&order_by=when"), "11 7 5 1 of 4");
  EXPECT_EQ(ids("dag_id=nobody"), "of 0");
}

TEST_F(EventLogsTest, BoundsOfTheTimeAreNotPartOfIt) {
  EXPECT_EQ(ids("before=1970-01-01T00:00:02Z"), "10 11 12 of 3");
  EXPECT_EQ(ids("after=1970-01-01T00:00:05Z"), "1 of 1");
  EXPECT_EQ(ids("after=1970-01-01T00:00:04Z&before=1970-01-01T00:00:06Z"), "2 3 of 2");
}

}  // namespace
}  // namespace leoflow::api
