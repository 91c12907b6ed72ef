#include "api/api.hpp"

#include <random>

#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

// A path of the route table with its parameters filled in.
std::string filled(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '{') {
      out += path[i];
      continue;
    }
    i = path.find('}', i);
    out += '1';
  }
  return out;
}

TEST_F(ApiTest, EveryOperationNeedsATokenExceptTheOpenOnes) {
  for (const wire::Route& route : gen::kRoutes) {
    const auto response = call(route.method, filled(route.path), "", false);
    if (route.open) {
      EXPECT_NE(detail_of(response), "Not authenticated") << route.operation;
    } else {
      EXPECT_EQ(response.status, 401) << route.operation;
      EXPECT_EQ(detail_of(response), "Not authenticated") << route.operation;
    }
  }
}

TEST_F(ApiTest, EveryPathOfTheTableFindsItsOwnOperation) {
  const Router router(gen::kRoutes);
  for (std::size_t i = 0; i < gen::kRoutes.size(); ++i) {
    const auto match = router.find(gen::kRoutes[i].method, filled(gen::kRoutes[i].path));
    ASSERT_TRUE(match.operation) << gen::kRoutes[i].path;
    EXPECT_EQ(gen::kRoutes[*match.operation].operation, gen::kRoutes[i].operation);
  }
}

TEST_F(ApiTest, PathParametersMayHoldSlashesWhereAirflowAllowsIt) {
  const Router router(gen::kRoutes);
  EXPECT_EQ(router.find("GET", "/api/v2/pools/a%2Fb/c").params.path.at("pool_name"), "a/b/c");
  EXPECT_FALSE(router.find("GET", "/api/v2/dags/a/b").operation);
}

TEST(RouterTest, OtherMethodsAreToldWhichOnesThePathHas) {
  const Router router(gen::kRoutes);
  EXPECT_EQ(router.find("PUT", "/api/v2/pools/a").allowed, "GET, PATCH, DELETE");
  EXPECT_EQ(router.find("PUT", "/api/v2/connections/test").allowed, "POST");
  EXPECT_EQ(router.find("PUT", "/api/v2/nothing").allowed, "");
}

TEST_F(ApiTest, BadTokensAreRefused) {
  token_ = "x.y.z";
  EXPECT_EQ(detail_of(get("/api/v2/dags")), "Invalid JWT token");
  token_ = tokens_.issue("admin", auth::Role::admin, now_ - std::chrono::hours(48), auth::Tokens::kUserLife);
  EXPECT_EQ(get("/api/v2/dags").status, 401);
}

TEST_F(ApiTest, CookieOfAnotherSitesPageDoesNotWork) {
  http::Request request;
  request.method = "DELETE";
  http::parse_target("/api/v2/dags/hello", request);
  request.headers.emplace("host", "localhost:8088");
  request.headers.emplace("cookie", "_token=" + token_);
  for (const char* origin : {"http://evil.example", "null", "localhost:8088"}) {
    request.headers.erase("origin");
    request.headers.emplace("origin", origin);
    EXPECT_EQ(api_->handle(request).status, 403) << origin;
  }
  EXPECT_TRUE(commands_.deleted.empty());
}

TEST_F(ApiTest, WhoeverHasNotLoggedInCannotSendMuch) {
  const std::string long_name(70'000, 'x');
  EXPECT_EQ(
      call("POST", "/auth/token", R"({"username": ")" + long_name + R"(", "password": "p"})", false).status,
      413);
}

TEST_F(ApiTest, ADocumentIsNotReadIfItIsTooLong) {
  const std::string much(9'000'000, ' ');
  EXPECT_EQ(call("POST", "/api/v2/dags/~/dagRuns/list", "{" + much + "}").status, 413);
}

TEST_F(ApiTest, LogsInAndOut) {
  const auto answer = call("POST", "/auth/token", R"({"username": "admin", "password": "right"})", false);
  ASSERT_EQ(answer.status, 201) << answer.content();
  token_ = get_text(*parse_json(answer.content()), "access_token");
  EXPECT_EQ(get_text(ok_json("GET", "/ui/auth/me"), "username"), "admin");
  EXPECT_EQ(get("/api/v2/auth/logout").status, 307);
  EXPECT_EQ(get("/ui/auth/me").status, 403);
}

class SessionTest : public ApiTest {
 protected:
  /// The cookie that a login sets, without its token.
  std::string cookie_for(std::optional<std::string> origin, std::string_view target = "/auth/token") {
    http::Request request;
    request.method = "POST";
    http::parse_target(target, request);
    request.headers = {{"host", "leoflow.example"}, {"content-type", "application/json"}};
    if (origin) request.headers.emplace("origin", *origin);
    request.body = R"({"username": "admin", "password": "right"})";
    const auto answer = api_->handle(request);
    EXPECT_EQ(answer.status, 201) << answer.content();
    token_ = get_text(*parse_json(answer.content()), "access_token");
    for (const auto& [name, value] : answer.headers) {
      if (name != "Set-Cookie") continue;
      EXPECT_TRUE(value.starts_with("_token=" + token_ + "; ")) << value;
      return value.substr(value.find("; ") + 2);
    }
    return "";
  }
};

TEST_F(SessionTest, TheLoginPageGetsACookieThatScriptsAndOtherSitesDoNotHave) {
  EXPECT_EQ(cookie_for("http://leoflow.example"), "Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(cookie_for("https://leoflow.example"), "Path=/; HttpOnly; SameSite=Lax; Secure");
}

TEST_F(SessionTest, ProgramsAndPagesOfOtherSitesGetNone) {
  EXPECT_EQ(cookie_for(std::nullopt), "");
  EXPECT_EQ(cookie_for("https://evil.example"), "") << "it would log its visitor in as somebody else";
  EXPECT_EQ(cookie_for("null"), "");
  EXPECT_EQ(cookie_for("http://leoflow.example", "/auth/token/cli"), "");
}

TEST_F(SessionTest, LoggingOutTakesTheCookieAway) {
  const auto answer = get("/api/v2/auth/logout");
  EXPECT_EQ(answer.headers.back().first, "Set-Cookie");
  EXPECT_EQ(answer.headers.back().second, "_token=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}

TEST_F(ApiTest, WrongLoginsAreRefusedAndSlowedDown) {
  const std::string wrong = R"({"username": "admin", "password": "wrong"})";
  const auto first = call("POST", "/auth/token", wrong, false);
  EXPECT_EQ(first.status, 401);
  EXPECT_EQ(detail_of(first), "Invalid credentials");
  for (int i = 0; i < 9; ++i) call("POST", "/auth/token", wrong, false);
  EXPECT_EQ(call("POST", "/auth/token", wrong, false).status, 429);
  EXPECT_EQ(call("POST", "/auth/token", R"({"username": "a"})", false).status, 422);
  EXPECT_EQ(call("POST", "/auth/token", R"({"username": "a", "password": "b", "x": 1})", false).status, 422);
}

TEST_F(ApiTest, UnsafeNextIsRefused) {
  EXPECT_EQ(call("GET", "/api/v2/auth/login?next=http://evil.example/", "", false).status, 400);
  for (const char* away :
       {"//evil.example/", "/%09/evil.example/", "%20//evil.example/", "/%5Cevil.example/"}) {
    EXPECT_EQ(call("GET", std::string("/api/v2/auth/login?next=") + away, "", false).status, 400) << away;
  }
  const auto good = call("GET", "/api/v2/auth/login?next=http://localhost:8088/dags", "", false);
  ASSERT_EQ(good.status, 307);
  EXPECT_EQ(good.headers[0].second, "/auth/login?next=http%3A%2F%2Flocalhost%3A8088%2Fdags");
  EXPECT_EQ(call("GET", "/api/v2/auth/login?next=", "", false).status, 307);
}

TEST_F(ApiTest, EveryOperationIsAnswered) {
  for (const wire::Route& route : gen::kRoutes) {
    EXPECT_LT(call(route.method, filled(route.path)).status, 500) << route.operation;
  }
}

struct BadInput {
  const char* method;
  const char* target;
  const char* body;
  const char* expected;  // the first problem, without its input

  friend void PrintTo(const BadInput& input, std::ostream* out) {
    *out << input.method << ' ' << input.target << ' ' << input.body;
  }
};

class BadInputTest : public ApiTest, public ::testing::WithParamInterface<BadInput> {};

TEST_P(BadInputTest, IsAnsweredInTheWordsOfPydantic) {
  const auto response = call(GetParam().method, GetParam().target, GetParam().body);
  ASSERT_EQ(response.status, 422) << response.content();
  const auto parsed = parse_json(response.content()).value();
  json::object first = find(parsed, "detail")->get_array().at(0).get_object();
  first.erase("input");
  EXPECT_EQ(json::value(first), parse_json(GetParam().expected).value()) << response.content();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadInputTest,
    ::testing::Values(
        BadInput{
            "GET", "/api/v2/dags?limit=-1", "",
            R"({"type":"greater_than_equal","loc":["query","limit"],"msg":"Input should be greater than or equal to 0","ctx":{"ge":0}})"},
        BadInput{
            "GET", "/api/v2/dags?limit=abc", "",
            R"({"type":"int_parsing","loc":["query","limit"],"msg":"Input should be a valid integer, unable to parse string as an integer"})"},
        BadInput{
            "GET", "/api/v2/dags?paused=maybe", "",
            R"({"type":"bool_parsing","loc":["query","paused"],"msg":"Input should be a valid boolean, unable to interpret input"})"},
        BadInput{
            "GET", "/api/v2/dags/hello/dagRuns?run_after_gte=2026-01-01T00:00:00", "",
            R"({"type":"timezone_aware","loc":["query","run_after_gte"],"msg":"Input should have timezone info"})"},
        BadInput{"GET", "/ui/dashboard/historical_metrics_data", "",
                 R"({"type":"missing","loc":["query","start_date"],"msg":"Field required"})"},
        BadInput{"PATCH", "/api/v2/dags/hello", "{}",
                 R"({"type":"missing","loc":["body","is_paused"],"msg":"Field required"})"},
        BadInput{"PATCH", "/api/v2/dags/hello", R"({"is_paused":true,"x":1})",
                 R"({"type":"extra_forbidden","loc":["body","x"],"msg":"Extra inputs are not permitted"})"},
        BadInput{"PATCH", "/api/v2/dags/hello", "",
                 R"({"type":"missing","loc":["body"],"msg":"Field required"})"},
        BadInput{
            "PATCH", "/api/v2/dags/hello", "[]",
            R"({"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from"})"},
        BadInput{
            "POST", "/api/v2/pools", R"({"name":"p","slots":-2})",
            R"({"type":"greater_than_equal","loc":["body","slots"],"msg":"Input should be greater than or equal to -1","ctx":{"ge":-1}})"},
        BadInput{
            "PATCH", "/api/v2/dags/hello/dagRuns/manual__1", R"({"state":"running"})",
            R"({"type":"enum","loc":["body","state"],"msg":"Input should be 'queued', 'success' or 'failed'","ctx":{"expected":"'queued', 'success' or 'failed'"}})"},
        BadInput{
            "POST", "/api/v2/connections", R"({"connection_id":"a b","conn_type":"http"})",
            R"({"type":"string_pattern_mismatch","loc":["body","connection_id"],"msg":"String should match pattern '^[\\w.-]+$'","ctx":{"pattern":"^[\\w.-]+$"}})"},
        BadInput{
            "PATCH", "/api/v2/pools", R"({"actions":[{"action":"create","entities":[{"slots":1}]}]})",
            R"({"type":"missing","loc":["body","actions",0,"create","entities",0,"name"],"msg":"Field required"})"}));

TEST_F(ApiTest, OrderByAnUnknownAttributeIs400) {
  const auto response = get("/api/v2/dags?order_by=-password");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(detail_of(response),
            "Ordering with 'password' is disallowed or the attribute does not exist on the model");
}

TEST_F(ApiTest, SurvivesRandomBytes) {
  std::mt19937 random(7);  // NOLINT: the same bytes each time
  const std::string_view pieces[] = {
      "{",       "}",         "[",    "]", "\"", ":", ",", "null", "1e999",   "-1",
      "\\u0000", "is_paused", "\xff", "%", "&",  "=", "a", "true", "\\ud800", "999999999999999999999"};
  for (int round = 0; round < 3000; ++round) {
    std::string noise;
    for (unsigned i = random() % 40; i > 0; --i) noise += pieces[random() % std::size(pieces)];
    const auto& route = gen::kRoutes[random() % gen::kRoutes.size()];
    // Logins hash passwords on purpose slowly.
    if (route.path.starts_with("/auth")) continue;
    const auto response = call(route.method, filled(route.path) + "?limit=" + noise + "&" + noise, noise);
    EXPECT_LT(response.status, 502) << route.operation;
    EXPECT_NE(response.status, 500) << route.operation << " " << noise;
  }
}

}  // namespace
}  // namespace leoflow::api
