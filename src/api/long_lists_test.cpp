#include <fmt/format.h>

#include "api/testing/fixture.hpp"
#include "base/text.hpp"

/// Lists that may be long: walked by cursor and by offset, in every order, with rows that have no value to
/// order by.
namespace leoflow::api {
namespace {

const json::array& rows_of(const json::value& page) {
  return find(page, "task_instances")->as_array();
}

class LongListsTest : public ApiTest {
 protected:
  // Thirty task instances: a third has not started, and several started at the same moment.
  LongListsTest() {
    for (int i = 0; i < 30; ++i) {
      const std::string start = i % 3 == 0 ? "NULL" : fmt::format("{}", 1'000'000 * (i / 6));
      sql(fmt::format(
          "INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, try_number, "
          "max_tries, dag_version_id, task_display_name, operator, pool, pool_slots, queue, "
          "priority_weight, start_date, updated_at) VALUES ('row-{0:02}', 'hello', 'manual__1', "
          "'many', {0}, {1}, 1, 0, 'ver-1', 'many', 'X', 'default_pool', 1, 'default', 1, {2}, 0)",
          i, i % 3 == 0 ? "'scheduled'" : "'success'", start));
    }
  }

  static constexpr std::string_view kPath =
      "/api/v2/dags/hello/dagRuns/manual__1/taskInstances?task_id=many&order_by=";

  std::string ids(const json::value& page) {
    std::string text;
    for (const json::value& task : rows_of(page)) text += " " + get_text(task, "id").substr(4);
    return text;
  }

  /// Every row, page by page; the last cursor that leads on is left in `last_`.
  std::string walk_forward(std::string_view order, int limit) {
    std::string all;
    std::string cursor;
    for (;;) {
      const auto page = ok_json("GET", fmt::format("{}{}&limit={}&cursor={}", kPath, order, limit, cursor));
      all += ids(page);
      if (find(page, "next_cursor")->is_null()) return last_ = get_text(page, "previous_cursor", ""), all;
      cursor = get_text(page, "next_cursor");
    }
  }

  std::string walk_backward(std::string_view order, int limit) {
    std::string all;
    for (std::string cursor = last_; !cursor.empty();) {
      const auto page = ok_json("GET", fmt::format("{}{}&limit={}&cursor={}", kPath, order, limit, cursor));
      all = ids(page) + all;
      const json::value* previous = find(page, "previous_cursor");
      cursor = previous->is_null() ? "" : get_text(page, "previous_cursor");
    }
    return all;
  }

  std::string last_;
};

TEST_F(LongListsTest, AWalkByCursorSeesEachRowOnceInEveryOrder) {
  for (const std::string_view order :
       {"start_date", "-start_date", "id", "-map_index", "state&order_by=-start_date",
        "rendered_map_index&order_by=start_date"}) {
    const auto whole = ok_json("GET", fmt::format("{}{}&limit=100", kPath, order));
    EXPECT_EQ(rows_of(whole).size(), 30U);
    for (const int limit : {1, 4, 7, 30}) {
      EXPECT_EQ(walk_forward(order, limit), ids(whole)) << order << " by " << limit;
      if (limit < 30) {
        const auto last = ids(
            ok_json("GET", fmt::format("{}{}&limit=100&offset={}", kPath, order, (30 - 1) / limit * limit)));
        EXPECT_EQ(walk_backward(order, limit) + last, ids(whole)) << order << " back by " << limit;
      }
    }
  }
}

TEST_F(LongListsTest, PagesByOffsetAreTheWholeList) {
  for (const std::string_view order : {"start_date", "-start_date", "-id"}) {
    const auto whole = ids(ok_json("GET", fmt::format("{}{}&limit=100", kPath, order)));
    std::string all;
    for (int offset = 0; offset < 30; offset += 8)
      all += ids(ok_json("GET", fmt::format("{}{}&limit=8&offset={}", kPath, order, offset)));
    EXPECT_EQ(all, whole) << order;
  }
}

TEST_F(LongListsTest, RowsWithoutAValueComeLastInBothDirections) {
  for (const std::string_view order : {"start_date", "-start_date"}) {
    const auto page = ok_json("GET", fmt::format("{}{}&limit=100", kPath, order));
    const json::array& rows = rows_of(page);
    for (std::size_t i = 0; i < rows.size(); ++i)
      EXPECT_EQ(find(rows[i], "start_date")->is_null(), i >= 20) << order << i;
  }
}

TEST_F(LongListsTest, ACursorOfAnotherOrderOrOfNoneIsRefused) {
  const auto page = ok_json("GET", fmt::format("{}start_date&limit=2&cursor=", kPath));
  const std::string cursor = get_text(page, "next_cursor");
  const auto with = [&](std::string_view order, std::string_view text) {
    const auto answer = get(fmt::format("{}{}&cursor={}", kPath, order, text));
    return std::pair(answer.status, detail_of(answer));
  };
  EXPECT_EQ(with("id", cursor), std::pair(400, std::string("Invalid cursor token")));
  EXPECT_EQ(with("id&order_by=state", cursor),
            std::pair(400, std::string("Cursor token does not match current query shape")));
  EXPECT_EQ(with("start_date", "%21"), std::pair(400, std::string("Invalid cursor token")));
  EXPECT_EQ(with("start_date", to_base64_url("{}")),
            std::pair(400, std::string("Invalid cursor token structure")));
  EXPECT_EQ(with("start_date", to_base64_url(R"(["a", "b"])")),
            std::pair(400, std::string("Invalid cursor token")));
  EXPECT_EQ(with("id", to_base64_url(R"([null, null])")),
            std::pair(400, std::string("Invalid cursor token")));
}

TEST_F(LongListsTest, StatesAreFoundThroughTheirIndexes) {
  const auto total = [&](std::string_view states) {
    return get_integer(ok_json("GET", fmt::format("{}id{}", kPath, states)), "total_entries", -1);
  };
  EXPECT_EQ(total("&state=scheduled"), 10);
  EXPECT_EQ(total("&state=scheduled&state=success"), 30);
  EXPECT_EQ(total("&state=none"), 0);
  EXPECT_EQ(total("&state=none&state=scheduled"), 10);
  EXPECT_EQ(total("&state=failed&state=no_status"), 0);
}

TEST_F(LongListsTest, AllTaskInstancesAreAsManyAsTheirDagsSay) {
  sql("UPDATE dag SET task_instance_count = 1000");  // there are two, with fewer in truth
  const auto total = [&](std::string_view filter) {
    const auto list = ok_json("GET", fmt::format("/api/v2/dags/~/dagRuns/~/taskInstances?limit=1{}", filter));
    return get_integer(list, "total_entries", -1);
  };
  EXPECT_EQ(total(""), 2000);
  EXPECT_EQ(total("&task_id=many"), 30) << "what is filtered is counted";
}

TEST_F(LongListsTest, TheBeginningOfANameFindsTheSameWhetherFewHaveItOrMany) {
  // Few are sorted, many are walked in their order.
  sql(R"(INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, try_number, max_tries,
      dag_version_id, task_display_name, operator, pool, pool_slots, queue, priority_weight, start_date, updated_at)
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)
      SELECT 'walk-' || n, 'hello', 'manual__2', 'walked', n, 'success', 1, 0, 'ver-1', 'walked', 'X', 'default_pool',
      1, 'default', 1, n % 1000, 0 FROM numbers)");
  const auto page = [&](std::string_view condition) {
    const auto list = ok_json(
        "GET",
        fmt::format("/api/v2/dags/~/dagRuns/~/taskInstances?order_by=-start_date&limit=20&{}", condition));
    std::string found;
    for (const json::value& task : rows_of(list)) found += " " + get_text(task, "id");
    return std::pair(get_integer(list, "total_entries", -1), found);
  };
  for (const std::string_view start : {"walk", "man", "walk%7Cman", "none"}) {
    for (const std::string_view cursor : {"", "&cursor="}) {
      const auto anywhere = page(fmt::format("task_display_name_pattern={}{}", start, cursor));
      EXPECT_EQ(page(fmt::format("task_display_name_prefix_pattern={}{}", start, cursor)), anywhere) << start;
    }
  }
  EXPECT_EQ(page("dag_id_prefix_pattern=hel"), page("dag_id_pattern=hel"));
}

}  // namespace
}  // namespace leoflow::api
