#include "auth/service_tokens.hpp"

#include <gtest/gtest.h>

#include "auth/users.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::auth {
namespace {

using namespace std::chrono_literals;
const Time kBegin = from_micros(1'760'000'000'000'000);

class ServiceTokensTest : public ::testing::Test {
 protected:
  std::string make(const std::string& name, Role role, std::optional<Time> expires_at = std::nullopt) {
    return *create_service_token(*session_, {name, role, kBegin, "boss", expires_at});
  }
  store::TemporaryDatabase database_{store::Backend::sqlite};
  std::unique_ptr<store::Session> session_ = database_->connect();
};

TEST_F(ServiceTokensTest, ItsCallsAreThoseOfTheServiceWithItsRole) {
  const std::string token = make("ci", Role::op);
  EXPECT_TRUE(is_service_token(token));
  const auto claims = admitted_service(*session_, token, kBegin + 24h * 4000);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->subject, "service:ci");
  EXPECT_EQ(claims->role, Role::op);
  EXPECT_EQ(claims->expires_at, Time::max());
}

TEST_F(ServiceTokensTest, AServiceIsInGroupsAsUsersAre) {
  const std::vector<std::string> groups{"team-a"};
  const std::string token =
      *create_service_token(*session_, {"ci", Role::none, kBegin, "boss", std::nullopt, groups});
  EXPECT_EQ(admitted_service(*session_, token, kBegin)->groups, groups);
  EXPECT_EQ(list_service_tokens(*session_)[0].groups, groups);
}

TEST_F(ServiceTokensTest, TheDatabaseDoesNotHaveIt) {
  const std::string token = make("ci", Role::op);
  for (const store::Row row :
       session_->query("SELECT name, token_hash, role, created_by FROM service_token")) {
    for (std::size_t column = 0; column < 4; ++column)
      EXPECT_EQ(row.text(column).find(token.substr(12)), std::string::npos);
  }
  EXPECT_NE(token, make("other", Role::op));
}

TEST_F(ServiceTokensTest, OneThatHasExpiredOrWasRevokedIsRefused) {
  const std::string token = make("ci", Role::viewer, kBegin + 1h);
  EXPECT_TRUE(admitted_service(*session_, token, kBegin + 1h - 1us));
  EXPECT_EQ(admitted_service(*session_, token, kBegin + 1h).error().code, ErrorCode::unauthenticated);
  EXPECT_TRUE(revoke_service_token(*session_, "ci"));
  EXPECT_EQ(admitted_service(*session_, token, kBegin).error().code, ErrorCode::forbidden);
  EXPECT_FALSE(revoke_service_token(*session_, "ci"));
}

TEST_F(ServiceTokensTest, ANameHasOneToken) {
  const std::string token = make("ci", Role::viewer);
  EXPECT_EQ(create_service_token(*session_, {"ci", Role::admin, kBegin}).error().code, ErrorCode::conflict);
  EXPECT_EQ(admitted_service(*session_, token, kBegin)->role, Role::viewer);
  ASSERT_EQ(list_service_tokens(*session_).size(), 1U);
  EXPECT_EQ(list_service_tokens(*session_)[0].created_by, "boss");
}

TEST_F(ServiceTokensTest, NamesAreOfLettersAndDigits) {
  for (const char* good : {"ci", "deploy-1", "a.b_c"}) EXPECT_TRUE(is_possible_service_name(good)) << good;
  for (const char* bad : {"", "a b", "a/b", "ä", "a:b", "a\n"})
    EXPECT_FALSE(is_possible_service_name(bad)) << bad;
  EXPECT_FALSE(is_possible_service_name(std::string(101, 'a')));
  EXPECT_FALSE(is_possible_username("service:ci")) << "no person takes it for theirs";
}

}  // namespace
}  // namespace leoflow::auth
