#include "api/testing/fixture.hpp"

// Only what says that it is JSON is read as JSON.
namespace leoflow::api {
namespace {

class BodiesTest : public ApiTest {
 protected:
  http::Response send(std::string_view method, std::string_view target, std::optional<std::string> type,
                      std::string body) {
    http::Request request;
    request.method = method;
    http::parse_target(target, request);
    request.headers = {{"host", "localhost:8088"}, {"authorization", "Bearer " + token_}};
    if (type) request.headers.emplace("content-type", *type);
    request.body = std::move(body);
    return api_->handle(request);
  }
};

TEST_F(BodiesTest, WhatSaysThatItIsJsonIsRead) {
  for (const char* type : {"application/json", "application/json; charset=utf-8", "APPLICATION/JSON;",
                           " application/json ", "application/merge-patch+json", "application/a.b+json;q=1"})
    EXPECT_EQ(send("PATCH", "/api/v2/dags/hello", type, R"({"is_paused":true})").status, 200) << type;
}

TEST_F(BodiesTest, WhatDoesNotIsATextAndNoObject) {
  const std::string refusal =
      R"({"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary )"
      R"(or object to extract fields from","input":"{\"is_paused\":true}"}]})";
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json",
        "application/jsonx", "application/json/x", "application/ json", "application/json, text/plain",
        "text/plain; application/json", "json"}) {
    const auto answer = send("PATCH", "/api/v2/dags/hello", type, R"({"is_paused":true})");
    EXPECT_EQ(answer.status, 422) << type;
    EXPECT_EQ(answer.content(), refusal) << type;
  }
  EXPECT_EQ(send("PATCH", "/api/v2/dags/hello", std::nullopt, R"({"is_paused":true})").content(), refusal);
  EXPECT_FALSE(get_bool(ok_json("GET", "/api/v2/dags/hello"), "is_paused", true));
}

TEST_F(BodiesTest, ATextIsRefusedWhereABodyMayBeMissing) {
  EXPECT_EQ(send("POST", "/api/v2/assets/1/materialize", "text/plain", "{}").status, 422);
  EXPECT_EQ(send("POST", "/api/v2/assets/1/materialize", "text/plain", "").status, 404);
}

TEST_F(BodiesTest, AFormLogsInAtTheLoginPagesAddressOnly) {
  constexpr const char* kForm = "application/x-www-form-urlencoded";
  EXPECT_EQ(send("POST", "/auth/token", kForm, "username=admin&password=right").status, 201);
  EXPECT_EQ(send("POST", "/auth/token/cli", kForm, "username=admin&password=right").status, 422);
}

TEST_F(BodiesTest, BytesThatAreNoTextAreRefusedToo) {
  EXPECT_EQ(send("PATCH", "/api/v2/dags/hello", "text/plain", "\xff").status, 422);
}

}  // namespace
}  // namespace leoflow::api
