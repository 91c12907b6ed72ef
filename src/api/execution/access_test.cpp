#include <fmt/format.h>

#include "api/execution/fixture.hpp"
#include "auth/tokens.hpp"
#include "base/text.hpp"

// Who reaches what: every operation is tried with every kind of token.
namespace leoflow::api::execution {
namespace {

class AccessTest : public ExecutionTest {
 protected:
  struct Target {
    std::string name;
    std::string method;
    std::string path;
    Access access;
    std::string_view version;
  };

  /// All operations, with this task's id wherever a path has one.
  std::vector<Target> targets() const {
    std::vector<Target> all;
    for (const auto& part :
         {task_instance_operations, xcom_operations, variable_operations, dag_run_operations,
          asset_operations, state_store_operations, human_input_operations, other_operations}) {
      for (const Operation& operation : part()) {
        std::string path;
        for (const std::string& piece : split(operation.route.path, '/')) {
          if (piece.empty()) continue;
          const bool is_id = piece == "{task_instance_id}" || piece == "{connection_test_id}";
          path += "/" + (is_id ? task_.text() : piece.starts_with('{') ? std::string("1") : piece);
        }
        all.push_back({std::string(operation.route.operation), std::string(operation.route.method), path,
                       operation.access, kVersionNames[static_cast<std::size_t>(operation.until)]});
      }
    }
    return all;
  }
  int status_with(const Target& target, const std::string& authorization) {
    http::Headers headers{{"airflow-api-version", std::string(target.version)}};
    if (!authorization.empty()) headers.emplace("authorization", authorization);
    return call(target.method, target.path, "", headers).status;
  }
};

TEST_F(AccessTest, NothingButHealthIsAnsweredWithoutAGoodToken) {
  const auth::TaskTokens others(auth::fixed_jwt(std::string(64, 'o')));
  const Time now = clock_.now();
  const std::string good = "Bearer " + token_;
  std::string changed = good;
  changed[changed.size() - 10] ^= 1;
  const struct {
    const char* name;
    std::string authorization;
    int status;
  } kBad[] = {
      {"none", "", 401},
      {"not a bearer", "Basic " + token_, 401},
      {"empty", "Bearer ", 401},
      {"garbage", "Bearer x.y.z", 403},
      {"forged", "Bearer " + others.issue(task_, auth::TaskScope::execution, now), 403},
      {"changed", changed, 403},
      {"expired", "Bearer " + tokens_.issue(task_, auth::TaskScope::execution, now - std::chrono::hours{1}),
       403},
      {"from the future",
       "Bearer " + tokens_.issue(task_, auth::TaskScope::execution, now + std::chrono::hours{1}), 403},
      {"a user's",
       "Bearer " + auth::Tokens(auth::fixed_jwt(std::string(64, 's')))
                       .issue("admin", auth::Role::admin, now, std::chrono::hours{1}),
       403},
      {"of another audience",
       "Bearer " +
           auth::fixed_jwt(std::string(64, 's'))()->sign({{"sub", task_.text()}, {"scope", "execution"}},
                                                         "elsewhere", now, std::chrono::hours{1}),
       403},
      {"of another scope",
       "Bearer " + auth::fixed_jwt(std::string(64, 's'))()->sign({{"sub", task_.text()}, {"scope", "all"}},
                                                                 "urn:airflow.apache.org:task", now,
                                                                 std::chrono::hours{1}),
       403},
      {"of no task", "Bearer " + tokens_.issue(Uuid{}, auth::TaskScope::execution, now), 403},
  };
  for (const Target& target : targets()) {
    for (const auto& bad : kBad) {
      const int expected = target.access == Access::open ? 200 : bad.status;
      EXPECT_EQ(status_with(target, bad.authorization), expected)
          << target.name << " with a token: " << bad.name;
    }
  }
  EXPECT_EQ(state(), "queued");
}

TEST_F(AccessTest, ATokenReachesItsOwnTaskInstanceOnly) {
  const std::string other =
      "Bearer " + tokens_.issue(new_uuid(clock_.now()), auth::TaskScope::execution, clock_.now());
  int count = 0;
  for (const Target& target : targets()) {
    if (target.access != Access::own_task && target.access != Access::start_own_task) continue;
    ++count;
    EXPECT_EQ(status_with(target, other), 403) << target.name;
    EXPECT_NE(status_with(target, "Bearer " + token_), 403) << target.name;
  }
  EXPECT_EQ(count, 16);
}

TEST_F(AccessTest, AReplicaThatFollowsPassesOnWhatMayBeAskedAndNothingElse) {
  int passed = 0;
  ExecutionApi follower({*database_, service_, tokens_, clock_, [&](const http::Request&) {
                           ++passed;
                           return std::optional(http::Response{.status = 299});
                         }});
  http::Request request;
  request.method = "PUT";
  http::parse_target(own("/heartbeat"), request);
  EXPECT_EQ(follower.handle(request).status, 401);
  EXPECT_EQ(passed, 0);
  request.headers.emplace("authorization", "Bearer " + token_);
  EXPECT_EQ(follower.handle(request).status, 299);
  EXPECT_EQ(passed, 1);
}

TEST_F(AccessTest, ATasksTokenIsNoUsers) {
  EXPECT_FALSE(auth::Tokens(auth::fixed_jwt(std::string(64, 's'))).verify(token_, clock_.now()));
}

TEST_F(AccessTest, AWorkloadsTokenBeginsItsTaskAndNothingElse) {
  const std::string workload = "Bearer " + token(auth::TaskScope::workload);
  for (const Target& target : targets()) {
    const bool reaches = target.access == Access::open || target.access == Access::start_own_task ||
                         target.access == Access::connection_test;
    EXPECT_EQ(status_with(target, workload) != 403, reaches) << target.name;
  }
}

TEST_F(AccessTest, BeginningChangesTheWorkloadsTokenForOneOfTheTask) {
  token_ = token(auth::TaskScope::workload);
  const std::string given = header_of(begin(), "Refreshed-API-Token");
  const auto claims = tokens_.verify(given, clock_.now());
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->task, task_);
  EXPECT_EQ(claims->scope, auth::TaskScope::execution);
  EXPECT_EQ(header_of(call("GET", "/execution/variables/x"), "Refreshed-API-Token"), "");
}

TEST_F(AccessTest, ATokenNearItsEndIsRenewedWhileTheTaskRuns) {
  const std::string young =
      tokens_.issue(task_, auth::TaskScope::execution, clock_.now() - std::chrono::seconds{400});
  const std::string old =
      tokens_.issue(task_, auth::TaskScope::execution, clock_.now() - std::chrono::seconds{500});
  begin();
  token_ = young;
  EXPECT_EQ(header_of(call("GET", "/execution/variables/x"), "Refreshed-API-Token"), "");
  token_ = old;
  EXPECT_TRUE(
      tokens_.verify(header_of(call("GET", "/execution/variables/x"), "Refreshed-API-Token"), clock_.now()));
  EXPECT_EQ(end("success").status, 204);
  EXPECT_EQ(header_of(call("GET", "/execution/variables/x"), "Refreshed-API-Token"), "");
}

}  // namespace
}  // namespace leoflow::api::execution
