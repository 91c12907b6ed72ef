#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

class ConnectionTests : public ApiTest {
 protected:
  ConnectionTests() : ApiTest({.test_connection = "Enabled"}) {}

  static constexpr const char* kPath = "/api/v2/connections/enqueue-test";

  static json::object body(bool keep) {
    return {
        {"connection_id", "db"}, {"conn_type", "postgres"}, {"password", "p"}, {"commit_on_success", keep}};
  }
  std::string enqueue(bool keep = false) {
    return get_text(ok_json("POST", kPath, body(keep), 202), "token");
  }
  json::value look(const std::string& token) {
    http::Request request;
    request.method = "GET";
    request.target = request.path = kPath;
    request.headers = {{"authorization", "Bearer " + token_}, {"airflow-connection-test-token", token}};
    return parse_json(api_->handle(request).content()).value();
  }
};

TEST_F(ConnectionTests, OneOfAConnectionIsActiveAtATime) {
  commands_.silent = true;
  const std::string token = enqueue();
  EXPECT_EQ(get_text(look(token), "state"), "pending");
  EXPECT_EQ(call("POST", kPath, json::serialize(body(false))).status, 409);
  clock_.advance(std::chrono::seconds{61});
  EXPECT_EQ(get_text(look(token), "state"), "failed") << "whoever should have answered is gone";
  EXPECT_NE(enqueue(), token);
  EXPECT_EQ(get_text(look(token), "state"), "failed");
}

TEST_F(ConnectionTests, WhatHasEndedIsForgottenAfterADay) {
  commands_.told = json::object{{"status", false}, {"message", "no route"}};
  const std::string token = enqueue();
  EXPECT_EQ(get_text(look(token), "result_message"), "no route");
  sql("UPDATE connection_test SET updated_at = 0");
  enqueue();
  EXPECT_NE(look(token).as_object().find("detail"), nullptr);
}

TEST_F(ConnectionTests, AConnectionThatWorksIsKeptIfThatIsAskedFor) {
  const auto is_there = [&] { return get("/api/v2/connections/db").status == 200; };
  commands_.told = json::object{{"status", true}, {"message", "fine"}};
  EXPECT_EQ(get_text(look(enqueue()), "state"), "success");
  EXPECT_FALSE(is_there());
  commands_.told = json::object{{"status", false}, {"message", ""}};
  enqueue(true);
  EXPECT_FALSE(is_there());
  commands_.told = fail(ErrorCode::unavailable, "no agent");
  EXPECT_EQ(get_text(look(enqueue(true)), "result_message"), "no agent");
  EXPECT_FALSE(is_there());
  commands_.told = json::object{{"status", true}, {"message", ""}};
  enqueue(true);
  EXPECT_TRUE(is_there());
}

}  // namespace
}  // namespace leoflow::api
