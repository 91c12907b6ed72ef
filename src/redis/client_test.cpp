#include "redis/client.hpp"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

#include "base/process.hpp"
#include "redis/shared_logs.hpp"
#include "redis/testing/redis_server.hpp"

namespace leoflow::redis {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

/// One that is tried again at once.
constexpr ClientOptions kEager{.limit = 5s, .first_pause = 0ms, .longest_pause = 0ms};
constexpr ClientOptions kPatient{.limit = 5s, .first_pause = 1h, .longest_pause = 1h};

std::string get(Client& client, const std::string& key) {
  const auto reply = client.ask({"GET", key});
  return reply ? reply->text.value_or("nil") : "away";
}

TEST(RedisClientTest, AsksAndRunsScripts) {
  const RedisServer server;
  Client client(server.address(), "p:", kEager);
  ASSERT_TRUE(client.ask({"SET", client.key("a"), std::string("x\0\r\ny", 5)}));
  EXPECT_EQ(get(client, "p:a"), std::string("x\0\r\ny", 5));
  EXPECT_EQ(get(client, "a"), "nil");
  const auto told = client.run("return redis.call('STRLEN', KEYS[1]) + ARGV[1]", client.key("a"), {"2"});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->number, 7);
  EXPECT_EQ(client.failures().value(), 0U);
}

TEST(RedisClientTest, UsesTheDatabaseThatTheUrlNames) {
  const RedisServer server;
  Address second = server.address();
  second.database = 2;
  Client first(server.address(), "", kEager), other(second, "", kEager);
  EXPECT_TRUE(other.ask({"SET", "a", "1"}));
  EXPECT_EQ(get(first, "a"), "nil");
  EXPECT_EQ(get(other, "a"), "1");
}

TEST(RedisClientTest, OneThatIsAwayIsSaidToBeWithoutAskingItAgain) {
  Client client(SilentServer().address(), "", kPatient);
  EXPECT_FALSE(client.ask({"PING"}));
  EXPECT_FALSE(client.ask({"PING"}));
  EXPECT_EQ(client.failures().value(), 1U);
}

TEST(RedisClientTest, OneThatDoesNotAnswerIsWaitedForOnceAndNotForLong) {
  const SilentServer server;
  Client client(server.address(), "", {.limit = 20ms, .first_pause = 1h, .longest_pause = 1h});
  const auto began = steady_clock::now();
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(client.ask({"PING"}));
  EXPECT_GE(steady_clock::now() - began, 20ms);
  EXPECT_LT(steady_clock::now() - began, 5s);
  EXPECT_EQ(client.failures().value(), 1U);
}

TEST(RedisClientTest, OneThatComesBackIsAskedAgainAndTheLogSaysBothOnce) {
  RedisServer server;
  Client client(server.address(), "", kEager);
  EXPECT_TRUE(client.is_up());
  testing::internal::CaptureStderr();
  server.stop();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(client.is_up());
  server.start();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.is_up());
  const std::string said = testing::internal::GetCapturedStderr();
  const std::string name = server.address().text();
  EXPECT_EQ(std::ranges::count(said, '\n'), 2) << said;
  EXPECT_NE(said.find(name + " is done without: "), std::string::npos) << said;
  EXPECT_NE(said.find(name + " answers"), std::string::npos) << said;
}

TEST(RedisClientTest, AWrongPasswordIsSaidOnceAndIsNotInWhatIsSaid) {
  const RedisServer server({"--requirepass", "right"});
  Address address = server.address();
  address.password = "wrong-one";
  testing::internal::CaptureStderr();
  Client client(address, "", kEager);
  EXPECT_FALSE(client.is_up());
  EXPECT_FALSE(client.is_up());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
  EXPECT_NE(said.find("it refuses AUTH: WRONGPASS"), std::string::npos) << said;
  EXPECT_EQ(said.find("wrong-one"), std::string::npos) << said;
  address.password = "right";
  EXPECT_TRUE(Client(address, "", kEager).is_up());
  address.user = "default";
  EXPECT_TRUE(Client(address, "", kEager).is_up());
}

TEST(RedisClientTest, OverTlsItsCertificateMustBeForItsHostAndSignedByWhoIsTrusted) {
  const std::filesystem::path folder = ::testing::TempDir() + "lf-redis-" + random_hex(6);
  std::filesystem::create_directory(folder);
  const std::string certificate = folder / "crt", key = folder / "key";
  ASSERT_TRUE(have_run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                        certificate, "-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"}));
  const RedisServer server({"--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file",
                            certificate, "--tls-auth-clients", "no"},
                           "--tls-port");
  Address address = server.address();
  address.is_tls = true;
  EXPECT_FALSE(Client(address, "", kEager).is_up()) << "signed by nobody that this machine knows";
  address.ca_file = certificate;
  Client trusting(address, "", {.limit = 5s});
  EXPECT_TRUE(trusting.is_up());
  const std::string large(1 << 20, 'x');
  EXPECT_TRUE(trusting.ask({"SET", "a", large}));
  EXPECT_EQ(get(trusting, "a").size(), large.size());
  EXPECT_EQ(trusting.failures().value(), 0U);
  address.host = "localhost";
  EXPECT_FALSE(Client(address, "", kEager).is_up()) << "for another name";
  address.ca_file = key;
  EXPECT_THROW(Client(address, ""), Fatal);
  std::filesystem::remove_all(folder);
}

TEST(SharedLogsTest, AreReadFromAnywhereByOthers) {
  const RedisServer server;
  const auto client = std::make_shared<Client>(server.address(), "p:", kEager);
  SharedLogs texts(client), others(std::make_shared<Client>(server.address(), "p:", kEager));
  EXPECT_FALSE(others.read("a", 0));
  EXPECT_EQ(texts.put("a", 0, "one\n"), true);
  EXPECT_EQ(texts.put("a", 4, "two\n"), true);
  EXPECT_EQ(others.read("a", 0), "one\ntwo\n");
  EXPECT_EQ(others.read("a", 4), "two\n");
  EXPECT_EQ(others.read("a", 8), "");
  EXPECT_FALSE(others.read("a", 9)) << "it has less than the reader has seen";
  EXPECT_GT(client->ask({"TTL", "p:log:a"})->number, 50);
  EXPECT_TRUE(texts.drop("a"));
  EXPECT_FALSE(others.read("a", 0));
}

TEST(SharedLogsTest, OneThatIsNotWhatItsWriterThinksIsGone) {
  const RedisServer server;
  SharedLogs texts(std::make_shared<Client>(server.address(), "", kEager));
  texts.put("a", 0, "one\n");
  EXPECT_EQ(texts.put("a", 7, "three\n"), false);
  EXPECT_FALSE(texts.read("a", 0));
  EXPECT_EQ(texts.put("a", 0, "all\n"), true);
  EXPECT_EQ(texts.put("a", 0, "anew\n"), true);
  EXPECT_EQ(texts.read("a", 0), "anew\n");
}

TEST(RedisClientTest, OneThatRefusesSomethingIsThereAndWhatItRefusesIsSaidOnce) {
  const RedisServer server({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  testing::internal::CaptureStderr();
  Client client(server.address(), "", kEager);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(client.ask({"SET", "a", "1"}));
    EXPECT_TRUE(client.is_up());
  }
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(said, '\n'), 2) << said;
  EXPECT_NE(said.find(server.address().text() + " answers"), std::string::npos) << said;
  EXPECT_NE(said.find("it refuses SET: OOM"), std::string::npos) << said;
  EXPECT_EQ(client.failures().value(), 3U);
}

Result<std::optional<Address>> read(const std::string& url) {
  return read_address(
      [url](const char* name) { return std::string(name) == "LEOFLOW_REDIS_URL" ? url : ""; });
}

TEST(RedisAddressTest, IsReadFromAUrl) {
  EXPECT_FALSE(*read(""));
  const Address least = **read("redis://cache");
  EXPECT_EQ(least.text(), "redis://cache:6379/0");
  EXPECT_FALSE(least.is_tls);
  const Address most = **read("rediss://me:p%40ss@[::1]:7000/3");
  EXPECT_EQ(most.text(), "rediss://[::1]:7000/3");
  EXPECT_EQ(most.user + " " + most.password, "me p@ss");
  EXPECT_TRUE(most.is_tls);
  EXPECT_EQ((*read("redis://:secret@cache/"))->password, "secret");
}

TEST(RedisAddressTest, WhatIsNoneIsRefusedWithoutBeingRepeated) {
  for (const char* url :
       {"cache:6379", "http://:pw@cache", "redis://:pw@", "redis://:pw@cache:0", "redis://:pw@cache:70000",
        "redis://:pw@cache/x", "redis://:pw@cache/0?a=1", "redis://:p w@cache", "redis://pw@cache"}) {
    const auto refused = read(url);
    ASSERT_FALSE(refused) << url;
    EXPECT_NE(refused.error().message.find("LEOFLOW_REDIS_URL"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("pw"), std::string::npos) << refused.error().message;
  }
}

TEST(RedisAddressTest, ACaFileIsRefusedWhereNothingIsCheckedAgainstIt) {
  for (const char* url : {"", "redis://cache"}) {
    const auto refused = read_address([url](const char* name) {
      return std::string(name) == "LEOFLOW_REDIS_URL" ? url : std::string("/etc/ssl/ca.crt");
    });
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().message,
              "LEOFLOW_REDIS_CA_FILE is set, but LEOFLOW_REDIS_URL is no rediss:// URL");
  }
}

}  // namespace
}  // namespace leoflow::redis
