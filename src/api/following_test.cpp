#include "api/testing/fixture.hpp"

// A replica that follows another one: what it passes on.
namespace leoflow::api {
namespace {

class FollowingTest : public ApiTest {
 protected:
  FollowingTest() {
    Surroundings surroundings = around();
    surroundings.leader = [this](const http::Request& request) {
      passed_.push_back(request.method + " " + request.path);
      return std::optional(http::Response{.status = 201});
    };
    api_ = std::make_unique<Api>(ApiConfig(), *database_, commands_, tokens_, sealer_, clock_, surroundings);
  }

  std::vector<std::string> passed_;
};

TEST_F(FollowingTest, WhatChangesSomethingIsPassedOn) {
  EXPECT_EQ(call("POST", "/api/v2/variables", R"({"key":"k","value":"v"})").status, 201);
  EXPECT_EQ(passed_, std::vector<std::string>{"POST /api/v2/variables"});
}

TEST_F(FollowingTest, WhatWouldBeRefusedHereIsRefusedHere) {
  EXPECT_EQ(call("POST", "/api/v2/variables", "{}", false).status, 401);
  EXPECT_EQ(call("POST", "/api/v2/variables", std::string(9 << 20, ' ')).status, 413);
  token_ = tokens_.issue("admin", auth::Role::viewer, now_, auth::Tokens::kUserLife);
  sql("UPDATE app_user SET role = 'viewer'");
  EXPECT_EQ(call("POST", "/api/v2/variables", "{}").status, 403);
  EXPECT_TRUE(passed_.empty());
}

}  // namespace
}  // namespace leoflow::api
