#include "lite/token_keys.hpp"

#include <fstream>
#include <gtest/gtest.h>

#include "auth/tokens.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"

namespace leoflow::lite {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const Time kNow = from_micros(1'700'000'000'123'456);

class TokenKeysTest : public testing::Test {
 protected:
  TokenKeysTest() {
    Config config;
    config.jwt_secret = std::string(128, 'a');
    config.admin_email = "ada@home";
    save_config(home_, config);
  }
  ~TokenKeysTest() override { fs::remove_all(home_.root()); }

  /// Of a server that runs.
  auth::Tokens server_tokens() {
    return auth::Tokens([keys = std::make_shared<TokenKeys>(home_)] { return keys->current(); });
  }

  static std::string token_of(const auth::Tokens& tokens) {
    return tokens.issue("ada", auth::Role::op, kNow, auth::Tokens::kUserLife);
  }

  const Home home_{fs::temp_directory_path() / ("leoflow_token_keys_" + random_hex(6))};
};

TEST_F(TokenKeysTest, ARunningServerSignsWithTheNewKeyAndStillKnowsTheOldOne) {
  const auth::Tokens tokens = server_tokens();
  const std::string before = token_of(tokens);
  ASSERT_TRUE(rotate_token_key(home_, OldTokens::hold, kNow));
  EXPECT_TRUE(tokens.verify(before, kNow + 24h));
  EXPECT_TRUE(auth::Tokens(auth::fixed_jwt(load_config(home_)->jwt_secret)).verify(token_of(tokens), kNow));
}

TEST_F(TokenKeysTest, ARunningServerRefusesTheOldTokensOfAKeyThatEnds) {
  const auth::Tokens tokens = server_tokens();
  std::vector<std::string> before = {token_of(tokens)};
  ASSERT_TRUE(rotate_token_key(home_, OldTokens::hold, kNow));
  before.push_back(token_of(tokens));
  ASSERT_TRUE(rotate_token_key(home_, OldTokens::end, kNow));
  for (const std::string& token : before) EXPECT_FALSE(tokens.verify(token, kNow));
  EXPECT_TRUE(tokens.verify(token_of(tokens), kNow));
}

TEST_F(TokenKeysTest, KeysAreKeptForAsLongAsTheirTokens) {
  for (const Duration after : {0h, 1h, 25h}) {
    ASSERT_TRUE(rotate_token_key(home_, OldTokens::hold, kNow + after));
  }
  const auto config = load_config(home_);
  ASSERT_TRUE(config);
  ASSERT_EQ(config->jwt_previous.size(), 2U);
  EXPECT_EQ(config->jwt_previous[0].until, kNow + 49h);
  EXPECT_EQ(config->jwt_previous[1].until, kNow + 25h);
  EXPECT_EQ(config->jwt_secret.size(), 128U);
  EXPECT_EQ(config->admin_email, "ada@home");
}

TEST_F(TokenKeysTest, AFileThatCannotBeReadChangesNothing) {
  const auth::Tokens tokens = server_tokens();
  const std::string before = token_of(tokens);
  std::ofstream(home_.config_file()) << "jwt_secret: short";
  EXPECT_TRUE(tokens.verify(before, kNow));
  std::ofstream(home_.config_file()) << "jwt_previous: [{secret: x, until: soon}]";
  EXPECT_TRUE(tokens.verify(before, kNow));
  EXPECT_NE(load_config(home_).error().message.find("'until' is not a time"), std::string::npos);
  fs::remove(home_.config_file());
  EXPECT_TRUE(tokens.verify(before, kNow));
  EXPECT_THROW(TokenKeys{home_}, Fatal);
}

TEST_F(TokenKeysTest, AnInstallWithoutAKeyIsToldToSetUp) {
  save_config(home_, {});
  EXPECT_NE(rotate_token_key(home_, OldTokens::hold, kNow).error().message.find("leoflow setup"),
            std::string::npos);
}

TEST_F(TokenKeysTest, OnlyTheOwnerReadsTheKeys) {
  ASSERT_TRUE(rotate_token_key(home_, OldTokens::hold, kNow));
  EXPECT_EQ(fs::status(home_.config_file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace leoflow::lite
