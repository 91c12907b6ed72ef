#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

Settings with_provider() {
  Settings settings{.instance_name = "Leoflow Lite"};
  settings.oidc = auth::oidc::Settings{};
  settings.oidc->issuer = "http://127.0.0.1:1";  // nobody is there
  settings.oidc->client_id = "leoflow";
  settings.oidc->redirect_url = "https://leoflow.example/api/v2/auth/oidc/callback";
  return settings;
}

class OidcLoginTest : public ApiTest {
 protected:
  OidcLoginTest() : ApiTest(with_provider()) {}
  static std::string location_of(const http::Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Location") return value;
    }
    return "";
  }
};

TEST_F(OidcLoginTest, TheLoginPageSendsOnToTheProviderAndStaysForWhoHasAPassword) {
  EXPECT_EQ(location_of(get("/auth/login?next=%2Fpools")), "/api/v2/auth/oidc/login?next=%2Fpools");
  EXPECT_EQ(location_of(get("/auth/login")), "/api/v2/auth/oidc/login");
  EXPECT_EQ(get("/auth/login?local").status, 200);
  EXPECT_EQ(get("/auth/login?local&next=%2Fpools").status, 200);
}

TEST_F(OidcLoginTest, AProviderThatDoesNotAnswerIsSaidToPeople) {
  const auto answer = get("/api/v2/auth/oidc/login");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("<h1>The login does not work just now</h1>"), std::string::npos);
  EXPECT_EQ(answer.body.find("127.0.0.1"), std::string::npos) << "where it is is nobody's business";
}

TEST_F(OidcLoginTest, ALoginThatNobodyBeganDoesNotEnd) {
  for (const char* query : {"", "?code=a", "?state=b&code=a", "?state=&code=a", "?error=<script>"}) {
    const auto answer = get(std::string("/api/v2/auth/oidc/callback") + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.body.find("<script>"), std::string::npos);
  }
}

TEST_F(OidcLoginTest, WhoComesByAProviderHasNoPasswordHere) {
  ASSERT_TRUE(auth::put_outside_user(*database_->connect(), {"i", "1"}, "ann", auth::Role::admin, {}, now_));
  for (const char* password : {"", "x", "none"}) {
    EXPECT_NE(
        call("POST", "/auth/token", R"({"username": "ann", "password": ")" + std::string(password) + "\"}")
            .status,
        201);
  }
}

TEST_F(OidcLoginTest, NobodyStaysByMakingTokensWhoCameByAProvider) {
  constexpr std::chrono::seconds kRest{600};
  const auto life_of_a_new_token = [&](const std::string& user) {
    token_ = tokens_.issue(user, auth::Role::admin, now_, kRest);
    return get_integer(ok_json("POST", "/ui/auth/token", json::object{}), "expires_in_seconds", 0);
  };
  ASSERT_TRUE(auth::put_outside_user(*database_->connect(), {"i", "1"}, "ann", auth::Role::admin, {}, now_));
  auth::put_user(*database_->connect(), {"bob", "hash", auth::Role::admin}, now_ - std::chrono::hours(1));
  EXPECT_EQ(life_of_a_new_token("ann"), kRest.count());
  EXPECT_EQ(life_of_a_new_token("bob"), auth::Tokens::kUserLife.count());
}

TEST_F(ApiTest, WithoutAProviderThereIsNoWayThere) {
  EXPECT_EQ(get("/auth/login").status, 200);
  EXPECT_EQ(get("/api/v2/auth/oidc/login").status, 404);
  EXPECT_EQ(get("/api/v2/auth/oidc/callback?state=a&code=b").status, 404);
}

}  // namespace
}  // namespace leoflow::api
