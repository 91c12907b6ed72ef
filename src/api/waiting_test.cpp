#include "api/testing/fixture.hpp"
#include "http/client.hpp"
#include "http/server.hpp"

namespace leoflow::api {
namespace {

class WaitingTest : public ApiTest {
 protected:
  http::Response wait(std::string_view run_id, std::string_view query = "interval=2") {
    return get("/api/v2/dags/hello/dagRuns/" + std::string(run_id) + "/wait?" + std::string(query));
  }
  std::string last_line(std::string_view query) {
    const auto response = wait("manual__1", query);
    EXPECT_EQ(response.status, 200) << response.content();
    const auto line = response.stream();
    EXPECT_FALSE(response.stream()) << "the run has ended";
    return line ? line->text : "";
  }
  void put_xcom(std::string_view task, int map_index, std::string_view value, bool is_result,
                std::string_view key = "return_value") {
    database_->connect()->execute(
        "INSERT INTO xcom (dag_id, run_id, task_id, map_index, key, value, created_at, dag_result) "
        "VALUES ('hello', 'manual__1', $1, $2, $3, $4, 1, $5)",
        {std::string(task), map_index, std::string(key), std::string(value), is_result});
  }
};

TEST_F(WaitingTest, TellsTheStateAgainAfterEachIntervalUntilTheRunHasEnded) {
  const auto response = wait("manual__2", "interval=0.25");
  ASSERT_EQ(response.status, 200) << response.content();
  EXPECT_EQ(response.content_type, "") << "the official client reads no other";
  ASSERT_TRUE(response.stream);
  for (int i = 0; i < 2; ++i) {
    const auto line = response.stream();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->text, "{\"state\":\"running\"}\n");
    EXPECT_EQ(line->pause, std::chrono::milliseconds(250));
  }
  sql("UPDATE dag_run SET state = 'success' WHERE run_id = 'manual__2'");
  EXPECT_EQ(response.stream()->text, "{\"state\":\"success\"}\n");
  EXPECT_FALSE(response.stream());
}

TEST_F(WaitingTest, ResultsAreThoseThatTheDagNamesOrThoseAskedFor) {
  put_xcom("report", -1, R"({"total":3})", true);
  put_xcom("report", -1, "1", true, "other");
  put_xcom("work.right", 1, "\"b\"", false);
  put_xcom("work.right", 0, "\"a\"", false);
  EXPECT_EQ(last_line("interval=1"), "{\"state\":\"failed\",\"results\":{\"report\":{\"total\":3}}}\n");
  EXPECT_EQ(last_line("interval=1&result=extract&result=work.right&result=none"),
            "{\"state\":\"failed\",\"results\":{\"extract\":{\"rows\":3},\"work.right\":[\"a\",\"b\"]}}\n");
  EXPECT_EQ(last_line("interval=1&result=none"), "{\"state\":\"failed\"}\n");
}

TEST_F(WaitingTest, EndsWhenTheRunIsDeleted) {
  const auto response = wait("manual__2");
  ASSERT_TRUE(response.stream());
  sql("DELETE FROM dag_run WHERE run_id = 'manual__2'");
  EXPECT_FALSE(response.stream());
}

TEST_F(WaitingTest, EndsWithItsToken) {
  const auto response = wait("manual__2");
  ASSERT_TRUE(response.stream());
  clock_.advance(auth::Tokens::kUserLife);
  ASSERT_TRUE(response.stream());
  clock_.advance(std::chrono::minutes{1});
  EXPECT_FALSE(response.stream());
}

TEST_F(WaitingTest, EndsWhenItsUserLogsOut) {
  const auto response = wait("manual__2");
  ASSERT_TRUE(response.stream());
  get("/api/v2/auth/logout");
  EXPECT_FALSE(response.stream());
}

TEST_F(WaitingTest, EndsWhenItsUserIsRemovedOrHasANewPassword) {
  const auto first = wait("manual__2");
  ASSERT_TRUE(first.stream());
  sql("UPDATE app_user SET tokens_valid_from = tokens_valid_from + 1000000");
  EXPECT_FALSE(first.stream());
  sql("UPDATE app_user SET tokens_valid_from = 0");
  const auto second = wait("manual__2");
  ASSERT_TRUE(second.stream());
  sql("DELETE FROM app_user");
  EXPECT_FALSE(second.stream());
}

TEST_F(WaitingTest, GoesOnWithASmallerRoleThatMayStillRead) {
  const auto response = wait("manual__2");
  sql("UPDATE app_user SET role = 'viewer'");
  EXPECT_TRUE(response.stream());
}

TEST_F(WaitingTest, AUserWaitsForAHundredRunsAtMost) {
  std::vector<http::Response> held;
  for (int i = 0; i < 100; ++i) held.push_back(wait("manual__2"));
  EXPECT_EQ(held.back().status, 200);
  const auto refused = wait("manual__2");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(detail_of(refused), "You wait for 100 runs at once");
  {
    auth::put_user(*database_->connect(), {"ada", "", auth::Role::viewer}, now_);
    const std::string mine =
        std::exchange(token_, tokens_.issue("ada", auth::Role::viewer, now_, auth::Tokens::kUserLife));
    EXPECT_EQ(wait("manual__2").status, 200) << "others are not held up";
    token_ = mine;
  }
  held.pop_back();
  EXPECT_EQ(wait("manual__2").status, 200) << "one has ended";
}

TEST_F(WaitingTest, NobodyLooksMoreThanTwentyTimesASecond) {
  EXPECT_EQ(wait("manual__2", "interval=1e-300").stream()->pause, std::chrono::milliseconds(50));
}

TEST_F(WaitingTest, RefusesRunsThatAreNotThereAndBadIntervals) {
  const auto missing = wait("none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.content(),
            R"({"detail":"The DagRun with dag_id: `hello` and run_id: `none` was not found"})");
  EXPECT_NE(wait("manual__1", "interval=0").content().find("Input should be greater than 0"),
            std::string_view::npos);
  EXPECT_EQ(wait("manual__1", "interval=0").status, 422);
  EXPECT_EQ(wait("manual__1", "").status, 422);
  EXPECT_EQ(wait("manual__1", "interval=1e300").status, 200) << "longer than anybody waits";
}

TEST_F(WaitingTest, AClientReadsTheLinesAsOneAnswer) {
  const auto server =
      http::Server::start({}, [this](const http::Request& request) { return api_->handle(request); }).value();
  http::Client client("http://127.0.0.1:" + std::to_string(server->port()));
  client.use_token(token_);
  const auto answer = client.get("/api/v2/dags/hello/dagRuns/manual__1/wait?interval=1&result=extract");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "{\"state\":\"failed\",\"results\":{\"extract\":{\"rows\":3}}}\n");
}

}  // namespace
}  // namespace leoflow::api
