#include "auth/oidc/provider.hpp"

#include <gtest/gtest.h>
#include <map>

#include "auth/oidc/testing/signer.hpp"
#include "auth/users.hpp"
#include "base/text.hpp"
#include "http/server.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::auth::oidc {
namespace {

using namespace std::chrono_literals;
const Time kLoginTime = from_micros(1'760'000'000'000'000);

http::Response json_answer(const json::value& body, int status = 200) {
  http::Response response;
  response.status = status;
  response.body = json::serialize(body);
  return response;
}

/// A provider that answers what a test wants.
class ProviderTest : public ::testing::Test {
 protected:
  ProviderTest() {
    settings_.issuer = base() + "/realm";
    settings_.client_id = "leo flow";
    settings_.client_secret = "s3/cret";
    settings_.redirect_url = "https://leoflow.example/api/v2/auth/oidc/callback";
    document_ = {{"issuer", settings_.issuer},
                 {"authorization_endpoint", "https://idp.example/authorize?tenant=1"},
                 {"token_endpoint", base() + "/token"},
                 {"jwks_uri", base() + "/keys"}};
    claims_ = {{"iss", settings_.issuer}, {"aud", "leo flow"},      {"sub", "4711"},
               {"exp", 1'760'000'300},    {"iat", 1'760'000'000},   {"nonce", attempt_.nonce},
               {"email", "ann@corp.com"}, {"email_verified", true}, {"groups", json::array{"data", "all"}}};
  }

  std::string base() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  http::Response answer(const http::Request& request) {
    ++asked_[request.path];
    last_[request.path] = request;
    if (request.path == "/realm/.well-known/openid-configuration") return json_answer(document_);
    if (request.path == "/keys") return json_answer(key_set_of({published_}));
    if (request.path == "/userinfo") return json_answer(userinfo_);
    if (refusal_ != "") return json_answer(json::object{{"error", refusal_}}, 400);
    return json_answer({{"access_token", "an access token"}, {"id_token", signer_->sign(claims_)}});
  }

  Result<Identity> redeem(Time now = kLoginTime) { return provider().redeem("a code", attempt_, now); }
  Provider& provider() {
    if (!provider_) provider_.emplace(settings_);
    return *provider_;
  }

  static const Signer& first() {
    static const Signer signer(Algorithm::es256, "first");
    return signer;
  }
  static const Signer& second() {
    static const Signer signer(Algorithm::es256, "second");
    return signer;
  }

  const Attempt attempt_ = Attempt::begin("/dags");
  const Signer* signer_ = &first();
  const Signer* published_ = &first();
  json::object document_;
  json::object claims_;
  json::object userinfo_;
  std::string refusal_;
  std::map<std::string, int> asked_;
  std::map<std::string, http::Request> last_;
  Settings settings_;
  std::unique_ptr<http::Server> server_ =
      *http::Server::start({.workers = 1}, [this](const http::Request& request) { return answer(request); });
  std::optional<Provider> provider_;
};

TEST_F(ProviderTest, TheBrowserIsSentThereWithWhatTiesItsReturnToThisLogin) {
  const std::string url = *provider().authorization_url(attempt_, kLoginTime);
  ASSERT_TRUE(url.starts_with("https://idp.example/authorize?tenant=1&")) << url;
  http::Request asked;
  http::parse_target(url, asked);
  const auto query = [&](const char* name) { return asked.query.find(name)->second; };
  EXPECT_EQ(query("response_type"), "code");
  EXPECT_EQ(query("client_id"), "leo flow");
  EXPECT_EQ(query("redirect_uri"), settings_.redirect_url);
  EXPECT_EQ(query("state"), attempt_.state);
  EXPECT_EQ(query("nonce"), attempt_.nonce);
  EXPECT_EQ(query("code_challenge_method"), "S256");
  EXPECT_EQ(query("code_challenge"), attempt_.challenge());
  EXPECT_EQ(url.find(attempt_.verifier), std::string::npos);
}

TEST(Attempt, TheChallengeIsThatOfTheStandardsExample) {
  Attempt attempt;
  attempt.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_EQ(attempt.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(Attempt, OnlyServersWithTheSameKeysOpenItAndNotForLong) {
  const Jwt jwt({{std::string(64, 's')}});
  const Jwt other({{std::string(64, 't')}});
  const Attempt attempt = Attempt::begin("/next");
  const std::string sealed = attempt.seal(jwt, kLoginTime);
  const auto opened = Attempt::open(sealed, jwt, kLoginTime + 9min);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->state, attempt.state);
  EXPECT_EQ(opened->nonce, attempt.nonce);
  EXPECT_EQ(opened->verifier, attempt.verifier);
  EXPECT_EQ(opened->next, "/next");
  EXPECT_FALSE(Attempt::open(sealed, other, kLoginTime));
  EXPECT_FALSE(Attempt::open(sealed, jwt, kLoginTime + 11min));
  EXPECT_FALSE(Attempt::open("", jwt, kLoginTime));
  const Tokens tokens(fixed_jwt(std::string(64, 's')));
  EXPECT_FALSE(tokens.verify(sealed, kLoginTime)) << "it is no token of a user";
  EXPECT_FALSE(Attempt::open(tokens.issue("ann", Role::admin, kLoginTime, 1h), jwt, kLoginTime));
}

TEST_F(ProviderTest, ACodeIsRedeemedForWhoSomebodyIs) {
  const auto identity = redeem();
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->username, "ann@corp.com");
  EXPECT_EQ(identity->subject, "4711");
  EXPECT_EQ(identity->groups, (std::vector<std::string>{"data", "all"}));
  const http::Request& asked = last_["/token"];
  EXPECT_EQ(asked.header("authorization"), "Basic " + to_base64("leo%20flow:s3%2Fcret"));
  http::Request form;
  http::parse_target("/?" + asked.body, form);
  EXPECT_EQ(form.query.find("code")->second, "a code");
  EXPECT_EQ(form.query.find("code_verifier")->second, attempt_.verifier);
  EXPECT_EQ(form.query.find("redirect_uri")->second, settings_.redirect_url);
  EXPECT_EQ(asked.body.find("secret"), std::string::npos);
}

TEST_F(ProviderTest, ASecretGoesIntoTheFormWhereTheProviderWantsItThere) {
  document_["token_endpoint_auth_methods_supported"] = json::array{"client_secret_post"};
  ASSERT_TRUE(redeem());
  EXPECT_EQ(last_["/token"].header("authorization"), "");
  EXPECT_NE(last_["/token"].body.find("client_secret=s3%2Fcret"), std::string::npos);
}

TEST_F(ProviderTest, NewKeysOfTheProviderAreReadWhenTheyAreNeeded) {
  ASSERT_TRUE(redeem());
  signer_ = published_ = &second();
  EXPECT_FALSE(redeem(kLoginTime + 9s)) << "nobody makes us ask over and over";
  EXPECT_EQ(asked_["/keys"], 1);
  EXPECT_TRUE(redeem(kLoginTime + 11s));
  EXPECT_TRUE(redeem(kLoginTime + 12s));
  EXPECT_EQ(asked_["/keys"], 2);
}

TEST_F(ProviderTest, AKeyThatWasTakenBackHoldsForAQuarterOfAnHourAtMost) {
  ASSERT_TRUE(redeem());
  published_ = &second();
  claims_["exp"] = 1'760'009'000;
  EXPECT_TRUE(redeem(kLoginTime + 15min));
  EXPECT_EQ(redeem(kLoginTime + 16min).error().message, "the ID token is not signed by the provider");
}

TEST_F(ProviderTest, ATokenOfAnotherLoginOrClientOrTimeIsRefused) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, json::value>>{
           {"nonce", "of another login"}, {"aud", "another client"}, {"exp", 1'759'999'000}, {"iss", "x"}}) {
    const json::value before = claims_[name];
    claims_[name] = value;
    const auto refused = redeem();
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
    claims_[name] = before;
  }
  EXPECT_TRUE(redeem());
}

TEST_F(ProviderTest, WhatTheTokenDoesNotSayIsAskedFor) {
  document_["userinfo_endpoint"] = base() + "/userinfo";
  claims_.erase("groups");
  userinfo_ = {{"sub", "4711"}, {"groups", json::array{"told"}}, {"email", "somebody@else.com"}};
  const auto identity = redeem();
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->groups, std::vector<std::string>{"told"});
  EXPECT_EQ(identity->username, "ann@corp.com") << "what is signed outweighs it";
  EXPECT_EQ(last_["/userinfo"].header("authorization"), "Bearer an access token");
  userinfo_["sub"] = "4712";
  EXPECT_FALSE(redeem());
}

TEST_F(ProviderTest, ACodeThatTheProviderRefusesIsNobodysLogin) {
  refusal_ = "invalid_grant";
  const auto refused = redeem();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_NE(refused.error().message.find("invalid_grant"), std::string::npos);
}

TEST_F(ProviderTest, ADocumentOfAnotherIssuerIsNotBelieved) {
  document_["issuer"] = "https://another.example";
  EXPECT_EQ(redeem().error().code, ErrorCode::unavailable);
}

TEST_F(ProviderTest, SecretsAreNotSentInTheOpen) {
  document_["token_endpoint"] = "http://idp.example/token";
  EXPECT_EQ(redeem().error().code, ErrorCode::unavailable);
}

TEST_F(ProviderTest, OneThatDoesNotAnswerIsLeftAloneForSomeSeconds) {
  const json::object good = std::exchange(document_, {{"issuer", "none"}});
  const std::string path = "/realm/.well-known/openid-configuration";
  EXPECT_FALSE(redeem());
  document_ = good;
  EXPECT_FALSE(redeem(kLoginTime + 4s));
  EXPECT_EQ(asked_[path], 1);
  EXPECT_TRUE(redeem(kLoginTime + 6s));
}

Result<std::optional<Settings>> read(std::map<std::string, std::string> variables) {
  return read_settings([&](const char* name) {
    const std::string_view text = name;
    const auto short_name = text.starts_with("LEOFLOW_AUTH_OIDC_") ? text.substr(18) : text;
    return variables[std::string(short_name)];
  });
}

const std::map<std::string, std::string> kLeast = {{"ISSUER", "https://idp.example"},
                                                   {"CLIENT_ID", "leoflow"},
                                                   {"AIRFLOW__API__BASE_URL", "https://leo.example/"}};

TEST(OidcSettings, WithoutAnIssuerNobodyLogsInElsewhere) {
  EXPECT_EQ(*read({{"AIRFLOW__API__BASE_URL", "https://leo.example/"}}), std::nullopt);
}

TEST(OidcSettings, WithoutAnIssuerTheOthersAreRefusedByName) {
  for (const std::string name : {"CLIENT_ID", "CLIENT_SECRET", "SCOPES", "REDIRECT_URL", "USERNAME_CLAIM",
                                 "GROUPS_CLAIM", "ROLE_MAPPINGS", "DEFAULT_ROLE", "CA_FILE"}) {
    const auto settings = read({{name, "s3cret"}});
    ASSERT_FALSE(settings) << name;
    EXPECT_EQ(settings.error().code, ErrorCode::invalid);
    EXPECT_EQ(settings.error().message,
              "LEOFLOW_AUTH_OIDC_" + name + " is set, but not LEOFLOW_AUTH_OIDC_ISSUER");
  }
}

TEST(OidcSettings, TheCallbackIsThatOfTheServersOwnAddress) {
  const auto settings = read(kLeast);
  ASSERT_TRUE(settings && *settings);
  EXPECT_EQ((*settings)->redirect_url, "https://leo.example/api/v2/auth/oidc/callback");
  EXPECT_EQ((*settings)->default_role, std::nullopt);
}

TEST(OidcSettings, ABadValueIsRefusedByName) {
  for (const auto& [name, value] :
       std::multimap<std::string, std::string>{{"ISSUER", "http://idp.example"},
                                               {"ISSUER", "idp.example"},
                                               {"ISSUER", "http://localhost@evil.com"},
                                               {"CLIENT_ID", ""},
                                               {"SCOPES", "profile email"},
                                               {"REDIRECT_URL", "https://leo.example/"},
                                               {"REDIRECT_URL", "/api/v2/auth/oidc/callback"},
                                               {"ROLE_MAPPINGS", "{"},
                                               {"ROLE_MAPPINGS", R"({"a": "king"})"},
                                               {"ROLE_MAPPINGS", R"({"a": 1})"},
                                               {"DEFAULT_ROLE", "king"},
                                               {"CA_FILE", "/nowhere"}}) {
    auto variables = kLeast;
    variables[name] = value;
    const auto settings = read(variables);
    ASSERT_FALSE(settings) << name << "=" << value;
    EXPECT_NE(settings.error().message.find(name), std::string::npos) << settings.error().message;
  }
}

TEST(OidcIdentity, TheHighestRoleOfAllGroupsCounts) {
  Settings settings;
  settings.role_mappings = {{"readers", Role::viewer}, {"chiefs", Role::admin}, {"data", Role::op}};
  EXPECT_EQ(role_of({"", "", "", {"readers", "data"}}, settings), Role::op);
  EXPECT_EQ(role_of({"", "", "", {"chiefs", "readers"}}, settings), Role::admin);
  EXPECT_EQ(role_of({"", "", "", {"Chiefs", "strangers"}}, settings), std::nullopt);
  settings.default_role = Role::viewer;
  EXPECT_EQ(role_of({"", "", "", {}}, settings), Role::viewer);
}

TEST(OidcIdentity, GroupsMayBeDeepInTheTokenOrOneText) {
  Settings settings;
  settings.groups_claim = "realm_access.roles";
  json::object claims{{"email", "ann@corp.com"},
                      {"email_verified", true},
                      {"realm_access", json::object{{"roles", json::array{"a", 1, "b"}}}}};
  EXPECT_EQ(identity_of(claims, settings)->groups, (std::vector<std::string>{"a", "b"}));
  claims["realm_access.roles"] = "whole";
  EXPECT_EQ(identity_of(claims, settings)->groups, std::vector<std::string>{"whole"});
}

TEST(OidcIdentity, NobodyGetsANameThatIsNotTheirs) {
  const auto name_of = [](const json::object& claims) {
    const auto identity = identity_of(claims, {});
    return identity ? identity->username : "refused";
  };
  EXPECT_EQ(name_of({{"email", "ann@corp.com"}, {"email_verified", true}}), "ann@corp.com");
  EXPECT_EQ(name_of({{"email", "ann@corp.com"}, {"email_verified", "true"}}), "ann@corp.com");
  for (const json::value said :
       {json::value(false), json::value("false"), json::value(nullptr), json::value(1)})
    EXPECT_EQ(name_of({{"email", "ann@corp.com"}, {"email_verified", said}}), "refused");
  EXPECT_EQ(name_of({{"email", "ann@corp.com"}}), "refused") << "nothing is said";
  const json::value odd[] = {"service:ci", "", "ann\n", json::string(251, 'a'), 1};
  for (const json::value& name : odd)
    EXPECT_EQ(name_of({{"email", name}, {"email_verified", true}}), "refused") << name;
  EXPECT_EQ(name_of({}), "refused");
}

TEST(OutsideUsers, OneIsKnownByTheSubjectWhateverTheNameIsNow) {
  store::TemporaryDatabase database(store::Backend::sqlite);
  const auto session = database->connect();
  const OutsideId ann{"https://idp.example", "1"};
  EXPECT_EQ(*put_outside_user(*session, ann, "ann", Role::viewer, {}, kLoginTime), "ann");
  EXPECT_EQ(*put_outside_user(*session, ann, "ann.married", Role::op, {}, kLoginTime), "ann");
  EXPECT_EQ(find_user(*session, "ann")->role, Role::op);
  EXPECT_FALSE(put_outside_user(*session, {"https://idp.example", "2"}, "ann", Role::admin, {}, kLoginTime));
  EXPECT_FALSE(
      put_outside_user(*session, {"https://other.example", "1"}, "ann", Role::admin, {}, kLoginTime));
  EXPECT_EQ(list_users(*session).size(), 1U);
  EXPECT_TRUE(list_users(*session)[0].is_from_provider);
}

TEST(OutsideUsers, GroupsAreThoseOfTheLastLogin) {
  store::TemporaryDatabase database(store::Backend::sqlite);
  const auto session = database->connect();
  ASSERT_TRUE(put_outside_user(*session, {"i", "1"}, "ann", Role::none, {"a", "b"}, kLoginTime));
  EXPECT_EQ(find_user(*session, "ann")->groups, (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(put_outside_user(*session, {"i", "1"}, "ann", Role::none, {"c"}, kLoginTime));
  EXPECT_EQ(find_user(*session, "ann")->groups, std::vector<std::string>{"c"});
}

TEST(OutsideUsers, NobodyBecomesAUserWhoHasAPassword) {
  store::TemporaryDatabase database(store::Backend::sqlite);
  const auto session = database->connect();
  put_user(*session, {"boss", "hash", Role::admin}, kLoginTime);
  EXPECT_EQ(put_outside_user(*session, {"i", "1"}, "boss", Role::viewer, {}, kLoginTime).error().code,
            ErrorCode::conflict);
  ASSERT_TRUE(put_outside_user(*session, {"i", "2"}, "ann", Role::viewer, {}, kLoginTime));
  put_user(*session, {"ann", "hash", Role::admin}, kLoginTime);
  EXPECT_FALSE(put_outside_user(*session, {"i", "2"}, "ann", Role::viewer, {}, kLoginTime));
  EXPECT_EQ(find_user(*session, "ann")->role, Role::admin);
}

TEST(OutsideUsers, WhoMayInNoLongerIsOut) {
  store::TemporaryDatabase database(store::Backend::sqlite);
  const auto session = database->connect();
  const OutsideId ann{"i", "1"};
  ASSERT_TRUE(put_outside_user(*session, ann, "ann", Role::op, {}, kLoginTime));
  const Tokens tokens(fixed_jwt(std::string(64, 's')));
  const auto claims = *tokens.verify(tokens.issue("ann", Role::op, kLoginTime, 1h), kLoginTime);
  EXPECT_EQ(find_standing(*session, claims)->role, Role::op);
  end_outside_logins(*session, ann, kLoginTime + 1s);
  EXPECT_EQ(find_standing(*session, claims), std::nullopt);
}

}  // namespace
}  // namespace leoflow::auth::oidc
