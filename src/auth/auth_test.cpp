#include <gtest/gtest.h>

#include "auth/login_limiter.hpp"
#include "auth/passwords.hpp"
#include "auth/sealer.hpp"
#include "auth/tokens.hpp"
#include "auth/users.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "redis/testing/redis_server.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::auth {
namespace {

using namespace std::chrono_literals;
const Time kNow = from_micros(1'700'000'000'000'000);
const std::string kSecret(64, 's');

TEST(Sealer, OpensWhatItSealed) {
  const Sealer sealer(std::string(32, 'x'));
  for (const std::string text : {"", "s3cret", "\xF0\x9F\x98\x80", "v1:k1:"}) {
    const std::string sealed = sealer.seal(text);
    EXPECT_TRUE(sealed.starts_with("v1:"));
    EXPECT_TRUE(sealer.is_current(sealed));
    EXPECT_EQ(sealer.open(sealed).value(), text);
  }
  EXPECT_NE(sealer.seal("same"), sealer.seal("same"));
}

TEST(Sealer, RefusesOtherKeysAndChangedTexts) {
  const Sealer sealer(std::string(32, 'x'));
  const std::string sealed = sealer.seal("secret");
  EXPECT_FALSE(Sealer(std::string(32, 'y')).open(sealed));
  std::string renamed = sealed;
  renamed[3] = renamed[3] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(sealer.open(renamed));
  std::string changed = sealed;
  changed[10] = changed[10] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(sealer.open(changed));
  EXPECT_FALSE(sealer.open("plain text"));
  for (const char* text : {"", "v1:", "v1:k1", "v1:k1:", "v1:k1:AAAA", "v1::AAAA", "v2:k1:AAAA"})
    EXPECT_FALSE(sealer.open(text)) << text;
  EXPECT_THROW(Sealer("short"), Fatal);
  EXPECT_THROW(Sealer(std::string(32, 'x'), {"short"}), Fatal);
}

TEST(Sealer, AnOlderKeyOpensAndDoesNotSeal) {
  const Sealer before(std::string(32, 'x'));
  const Sealer after(std::string(32, 'y'), {std::string(32, 'x')});
  const std::string old = before.seal("secret");
  EXPECT_EQ(after.open(old).value(), "secret");
  EXPECT_FALSE(after.is_current(old));
  EXPECT_TRUE(after.is_current(after.seal("secret")));
  EXPECT_FALSE(before.open(after.seal("secret")));
}

TEST(Sealer, OpensWhatAnOlderInstallSealed) {
  // Made by the version that called every key "k1": key 32 times 'x', text "secret".
  const std::string sealed = "v1:k1:bGVvZmxvdy10ZXN019egmVCcUl4zBeKhqXnEGK+UM0xOZg==";
  EXPECT_EQ(Sealer(std::string(32, 'x')).open(sealed).value(), "secret");
  EXPECT_EQ(Sealer(std::string(32, 'y'), {std::string(32, 'x')}).open(sealed).value(), "secret");
}

TEST(Tokens, VerifiesWhatItIssued) {
  const Tokens tokens(fixed_jwt(kSecret));
  const auto claims = tokens.verify(tokens.issue("ada", Role::op, kNow, 60s), kNow + 30s);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->subject, "ada");
  EXPECT_EQ(claims->role, Role::op);
  EXPECT_EQ(claims->expires_at, kNow + 60s);
  EXPECT_EQ(claims->id.size(), 32U);
}

TEST(Tokens, TellWhenTheyWereIssuedToTheMicrosecond) {
  const Tokens tokens(fixed_jwt(kSecret));
  const Time issued = kNow + std::chrono::microseconds{123457};
  EXPECT_EQ(tokens.verify(tokens.issue("ada", Role::op, issued, 60s), issued)->issued_at, issued);
}

TEST(Tokens, ExpiresAfterTheLeeway) {
  const Tokens tokens(fixed_jwt(kSecret));
  const std::string token = tokens.issue("ada", Role::admin, kNow, 60s);
  EXPECT_TRUE(tokens.verify(token, kNow + 69s));
  EXPECT_EQ(tokens.verify(token, kNow + 71s).error().message, "Token Expired");
  EXPECT_TRUE(tokens.verify(token, kNow - 9s));
  EXPECT_EQ(tokens.verify(token, kNow - 11s).error().message, "Invalid JWT token");
}

TEST(Tokens, RefusesForgeries) {
  const Tokens tokens(fixed_jwt(kSecret));
  const std::string token = tokens.issue("ada", Role::viewer, kNow, 60s);
  EXPECT_FALSE(Tokens(fixed_jwt(std::string(64, 'o'))).verify(token, kNow));
  const std::string none = to_base64_url(R"({"alg":"none","typ":"JWT"})");
  const std::string payload = token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1);
  EXPECT_FALSE(tokens.verify(none + "." + payload + ".", kNow));
  std::string raised = from_base64(payload).value();
  raised.replace(raised.find("viewer"), 6, "admin");
  EXPECT_FALSE(tokens.verify(
      token.substr(0, token.find('.') + 1) + to_base64_url(raised) + token.substr(token.rfind('.')), kNow));
  for (const char* rubbish : {"", ".", "..", "a.b", "a.b.c", "....", "\xff.\xff.\xff"}) {
    EXPECT_FALSE(tokens.verify(rubbish, kNow)) << rubbish;
  }
}

/// A source of tokens with these keys, the newest first.
Tokens tokens_with(std::vector<JwtKey> keys) {
  return Tokens([jwt = std::make_shared<const Jwt>(keys)] { return jwt; });
}

const JwtKey kNewKey{std::string(64, 'n')};

TEST(Tokens, HoldWhenTheirKeyIsNotTheNewestUntilItsTimeIsUp) {
  const std::string token = Tokens(fixed_jwt(kSecret)).issue("ada", Role::op, kNow, 3600s);
  const Tokens rotated = tokens_with({kNewKey, {kSecret, kNow + 60s}});
  EXPECT_TRUE(rotated.verify(token, kNow + 69s));
  EXPECT_EQ(rotated.verify(token, kNow + 71s).error().message, "Invalid JWT token");
  EXPECT_FALSE(tokens_with({kNewKey}).verify(token, kNow));
}

TEST(Tokens, AreSignedWithTheNewestKey) {
  const std::string token = tokens_with({kNewKey, {kSecret}}).issue("ada", Role::op, kNow, 60s);
  EXPECT_TRUE(tokens_with({kNewKey}).verify(token, kNow));
  EXPECT_FALSE(Tokens(fixed_jwt(kSecret)).verify(token, kNow));
}

TEST(Tokens, SayWhichKeySignedThem) {
  const auto key_id = [](const Tokens& tokens) {
    const std::string token = tokens.issue("ada", Role::op, kNow, 60s);
    return get_text(parse_json(from_base64(token.substr(0, token.find('.'))).value()).value(), "kid");
  };
  const std::string first = key_id(Tokens(fixed_jwt(kSecret)));
  EXPECT_EQ(first, key_id(Tokens(fixed_jwt(kSecret))));
  EXPECT_NE(first, key_id(tokens_with({kNewKey, {kSecret}})));
  EXPECT_EQ(kSecret.find(first), std::string::npos);
}

TEST(Tokens, AKeyIsNoShorterThan32Bytes) {
  EXPECT_THROW(fixed_jwt(std::string(31, 's')), Fatal);
  EXPECT_THROW(tokens_with({kNewKey, {""}}), Fatal);
  EXPECT_THROW(tokens_with({}), Fatal);
}

TEST(Passwords, MatchOnlyThemselves) {
  const std::string hash = hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(password_matches("correct horse", hash));
  EXPECT_FALSE(password_matches("correct horse ", hash));
  EXPECT_FALSE(password_matches("correct horse", "not a hash"));
  EXPECT_TRUE(is_password_hash(hash));
  EXPECT_FALSE(is_password_hash("$2b$12$abcdefghijklmnopqrstuv"));
  EXPECT_NE(random_password(), random_password());
  EXPECT_EQ(random_password().size(), 20U);
}

TEST(Users, ArePutFoundAndChanged) {
  store::TemporaryDatabase database;
  const auto session = database->connect();
  put_user(*session, {"ada", "hash1", Role::admin}, kNow);
  put_user(*session, {"ada", "hash2", Role::viewer}, kNow);
  const auto user = find_user(*session, "ada");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->password_hash, "hash2");
  EXPECT_EQ(user->role, Role::viewer);
  EXPECT_FALSE(find_user(*session, "bob"));
}

Claims token_of(std::string_view user, std::string id, Time issued_at) {
  return {std::move(id), std::string(user), Role::admin, issued_at, issued_at + 60s};
}

TEST(Users, RevocationsLastUntilNobodyTakesTheTokenAnyMore) {
  store::TemporaryDatabase database;
  const auto session = database->connect();
  put_user(*session, {"ann", "hash", Role::op}, kNow);
  revoke_token(*session, "t1", kNow + 60s);
  revoke_token(*session, "t1", kNow + 60s);
  EXPECT_FALSE(find_standing(*session, token_of("ann", "t1", kNow)));
  EXPECT_EQ(find_standing(*session, token_of("ann", "t2", kNow))->role, Role::op);
  forget_expired_revocations(*session, kNow + 70s);
  EXPECT_FALSE(find_standing(*session, token_of("ann", "t1", kNow))) << "it is verified until then";
  forget_expired_revocations(*session, kNow + 121s);
  EXPECT_TRUE(find_standing(*session, token_of("ann", "t1", kNow)));
}

TEST(Users, TokensEndWithThePasswordAndWithTheUser) {
  store::TemporaryDatabase database;
  const auto session = database->connect();
  put_user(*session, {"ann", "hash", Role::op}, kNow);
  put_user(*session, {"ann", "hash", Role::viewer}, kNow + 10s);  // no other password
  EXPECT_EQ(find_standing(*session, token_of("ann", "t", kNow))->role, Role::viewer);
  put_user(*session, {"ann", "other", Role::viewer}, kNow + 20s);
  EXPECT_FALSE(find_standing(*session, token_of("ann", "t", kNow)));
  EXPECT_TRUE(find_standing(*session, token_of("ann", "t", kNow + 20s)));
  EXPECT_FALSE(find_standing(*session, token_of("ann", "t", kNow + 20s - 1us))) << "in the same second";
  EXPECT_TRUE(delete_user(*session, "ann"));
  EXPECT_FALSE(find_standing(*session, token_of("ann", "t", kNow + 20s)));
  put_user(*session, {"ann", "other", Role::op}, kNow + 30s);  // somebody else
  EXPECT_FALSE(find_standing(*session, token_of("ann", "t", kNow + 20s)));
}

TEST(Users, GroupsAreThoseThatWereSetLast) {
  store::TemporaryDatabase database;
  const auto session = database->connect();
  using Groups = std::vector<std::string>;
  put_user(*session, {"ann", "hash", Role::none, {"team-a", "with, \"all\""}}, kNow);
  EXPECT_EQ(find_user(*session, "ann")->groups, (Groups{"team-a", "with, \"all\""}));
  EXPECT_EQ(find_standing(*session, token_of("ann", "t", kNow))->groups, (Groups{"team-a", "with, \"all\""}));
  EXPECT_TRUE(set_groups(*session, "ann", {"team-b"}, kNow));
  EXPECT_EQ(find_standing(*session, token_of("ann", "t", kNow))->groups, Groups{"team-b"});
  EXPECT_EQ(list_users(*session)[0].groups, Groups{"team-b"});
  EXPECT_FALSE(set_groups(*session, "bob", {}, kNow));
}

TEST(LoginLimiter, BlocksTheEleventhFailureOfAMinute) {
  LoginLimiter limiter;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take("1.2.3.4 ada", kNow + i * 1s));
  EXPECT_EQ(limiter.take("1.2.3.4 ada", kNow + 10s), 50s);
  EXPECT_FALSE(limiter.take("1.2.3.4 bob", kNow + 10s));
  EXPECT_FALSE(limiter.take("1.2.3.4 ada", kNow + 60s));
}

TEST(LoginLimiter, ForgetsFailuresAfterTheRightPassword) {
  LoginLimiter limiter(nullptr, 2);
  EXPECT_FALSE(limiter.take("k", kNow));
  limiter.forgive("k");
  EXPECT_FALSE(limiter.take("k", kNow));
  EXPECT_FALSE(limiter.take("k", kNow));
  EXPECT_TRUE(limiter.take("k", kNow));
}

/// Of two replicas: few tries within a long time, by whatever clock.
class SharedLimitsTest : public ::testing::Test {
 protected:
  static std::shared_ptr<redis::Client> client(const redis::Address& address) {
    return std::make_shared<redis::Client>(
        address, "test:", redis::ClientOptions{.limit = 5s, .first_pause = 0ms, .longest_pause = 0ms});
  }

  redis::RedisServer server_;
  LoginLimiter one_{client(server_.address()), 4, 1h};
  LoginLimiter other_{client(server_.address()), 4, 1h};
};

TEST_F(SharedLimitsTest, ReplicasAllowAsManyTriesAsOne) {
  for (LoginLimiter* replica : {&one_, &one_, &other_, &other_}) EXPECT_FALSE(replica->take("k", kNow));
  for (LoginLimiter* replica : {&one_, &other_}) {
    const auto wait = replica->take("k", kNow);
    ASSERT_TRUE(wait);
    EXPECT_GT(*wait, 3500s);
    EXPECT_LE(*wait, 3600s);
    EXPECT_FALSE(replica->take("another", kNow));
  }
}

TEST_F(SharedLimitsTest, TheRightPasswordAtOneIsKnownToTheOther) {
  for (LoginLimiter* replica : {&one_, &one_, &one_, &other_}) EXPECT_FALSE(replica->take("k", kNow));
  other_.forgive("k");
  EXPECT_FALSE(one_.take("k", kNow));
  EXPECT_FALSE(one_.take("k", kNow)) << "its own count of five does not hold while they count together";
}

TEST_F(SharedLimitsTest, OldTriesDoNotCount) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(client(server_.address())->ask({"RPUSH", "test:login:k", "1000"}));
  for (LoginLimiter* replica : {&one_, &other_, &one_, &other_}) EXPECT_FALSE(replica->take("k", kNow));
  EXPECT_TRUE(one_.take("k", kNow));
}

TEST_F(SharedLimitsTest, WithoutRedisEachCountsWhatItSawAndWithItAgainTheyCountTogether) {
  EXPECT_FALSE(one_.take("k", kNow));
  EXPECT_FALSE(one_.take("k", kNow));
  server_.stop();
  EXPECT_FALSE(one_.take("k", kNow));
  EXPECT_FALSE(one_.take("k", kNow));
  EXPECT_TRUE(one_.take("k", kNow)) << "what it saw while Redis was there counts";
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(other_.take("k", kNow));
  EXPECT_TRUE(other_.take("k", kNow));
  server_.start();
  for (LoginLimiter* replica : {&one_, &other_, &one_, &other_}) EXPECT_FALSE(replica->take("k", kNow));
  EXPECT_TRUE(one_.take("k", kNow));
  EXPECT_TRUE(other_.take("k", kNow));
}

TEST(SharedLimits, NobodyWaitsForARedisThatDoesNotAnswer) {
  const redis::SilentServer silent;
  LoginLimiter limiter(std::make_shared<redis::Client>(
      silent.address(), "", redis::ClientOptions{.limit = 20ms, .first_pause = 1h, .longest_pause = 1h}));
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) limiter.take(std::to_string(i), kNow);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "a thousand waits take twenty";
}

}  // namespace
}  // namespace leoflow::auth
