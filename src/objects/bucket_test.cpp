#include "objects/bucket.hpp"

#include <atomic>
#include <gtest/gtest.h>

#include "objects/open_store.hpp"
#include "objects/testing/peer.hpp"

namespace leoflow::objects {
namespace {

constexpr const char* kKey = "dag_id=d/run_id=manual__2026-01-01T00:00:00+00:00/a.log";

class BucketTest : public ::testing::Test {
 protected:
  void serve(Peer::Answer answer) {
    peer_ = std::make_unique<Peer>(std::move(answer));
    bucket_ = std::make_unique<Bucket>(
        BucketOptions{
            .name = "s3://b/pre fix", .server = peer_->url(), .read = target_, .write = target_, .pause = {}},
        nullptr);
  }
  const Target target_ = [](const std::string& key) { return "/at/" + key; };
  std::unique_ptr<Peer> peer_;
  std::unique_ptr<Bucket> bucket_;
};

TEST_F(BucketTest, PutsAnObjectWhereItIs) {
  serve([](const http::Request&) { return http::Response{}; });
  const std::string large(300'000, 'x');
  ASSERT_TRUE(bucket_->put(kKey, large));
  const auto asked = peer_->asked().at(0);
  EXPECT_EQ(asked.method, "PUT");
  EXPECT_EQ(asked.path, std::string("/at/") + kKey);
  EXPECT_EQ(asked.body, large);
}

TEST_F(BucketTest, GetsAPartAndTellsHowMuchThereIs) {
  serve([](const http::Request& request) {
    EXPECT_EQ(request.header("range"), "bytes=2-4");
    return http::Response{.status = 206, .headers = {{"Content-Range", "bytes 2-4/10"}}, .body = "cde"};
  });
  const auto piece = bucket_->get(kKey, 2, 3).value();
  EXPECT_EQ(piece.bytes, "cde");
  EXPECT_EQ(piece.total, 10U);
}

TEST_F(BucketTest, OneThatKnowsNoRangesWillDo) {
  serve([](const http::Request&) { return http::Response{.body = "abcdefghij"}; });
  EXPECT_EQ(bucket_->get(kKey, 2, 3).value().bytes, "cde");
  EXPECT_EQ(bucket_->size(kKey).value(), 10U);
}

TEST_F(BucketTest, BehindTheEndThereIsNothing) {
  serve([](const http::Request&) {
    return http::Response{.status = 416, .headers = {{"Content-Range", "bytes */10"}}, .body = "no"};
  });
  const auto piece = bucket_->get(kKey, 10, 3).value();
  EXPECT_EQ(piece.bytes, "");
  EXPECT_EQ(piece.total, 10U);
}

TEST_F(BucketTest, WhatTheStoreSaysIsToldWithTheObject) {
  std::atomic<int> next = 0;
  const std::vector<http::Response> answers{Peer::xml(404, "NoSuchKey", "no"),
                                            Peer::xml(404, "NoSuchBucket", "no &lt;b&gt;"),
                                            Peer::xml(403, "InvalidAccessKeyId", "unknown"),
                                            Peer::xml(400, "AuthorizationHeaderMalformed", "elsewhere"),
                                            {.status = 404, .body = "No such object: b/k"},
                                            {.status = 404, .body = "The specified bucket does not exist."},
                                            {.status = 403, .body = R"({"error":{"message":"no right"}})"}};
  serve([&](const http::Request&) { return answers[static_cast<std::size_t>(next++)]; });
  const auto ask = [&] { return bucket_->get("k", 0, 1).error(); };
  EXPECT_EQ(ask().code, ErrorCode::not_found);
  const Error no_bucket = ask();
  EXPECT_EQ(no_bucket.code, ErrorCode::invalid) << "not an object that is not there";
  EXPECT_EQ(no_bucket.message, "s3://b/pre fix/k: 404 NoSuchBucket: no <b>");
  EXPECT_EQ(ask().code, ErrorCode::forbidden);
  EXPECT_EQ(ask().code, ErrorCode::invalid);
  EXPECT_EQ(ask().code, ErrorCode::not_found);
  EXPECT_EQ(ask().code, ErrorCode::invalid);
  EXPECT_EQ(ask().message, "s3://b/pre fix/k: 403 no right");
}

TEST_F(BucketTest, OneThatAsksForPatienceIsAskedAgain) {
  std::atomic<int> asked = 0;
  serve([&](const http::Request&) {
    return ++asked < 3 ? Peer::xml(503, "SlowDown", "later") : http::Response{};
  });
  EXPECT_TRUE(bucket_->put("k", "v"));
  asked = -10;
  const auto refused = bucket_->put("k", "v");
  EXPECT_EQ(asked, -7);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().message, "s3://b/pre fix/k: 503 SlowDown: later");
}

TEST_F(BucketTest, OneThatIsAwayIsNamed) {
  Bucket away(
      {.name = "gs://b", .server = "http://127.0.0.1:1", .read = target_, .write = target_, .pause = {}},
      nullptr);
  const Error error = away.get("k", 0, 1).error();
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_TRUE(error.message.starts_with("gs://b/k: http://127.0.0.1:1 does not answer: ")) << error.message;
}

TEST(OpenStoreTest, AnotherSchemeIsRefusedByName) {
  SystemClock clock;
  for (const char* url : {"wasb://x", "cloudwatch://x", "/var/log", "", "s3://", "gs:///x"}) {
    const auto opened = open_store(url, variables_of({}), clock);
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().code, ErrorCode::invalid);
    EXPECT_NE(opened.error().message.find(url), std::string::npos);
  }
}

TEST(OpenStoreTest, AnEndpointOfOnesOwnIsAskedByPathAndSigned) {
  SystemClock clock;
  Peer peer([](const http::Request&) { return http::Response{}; });
  const auto store = open_store("s3://bucket/logs/",
                                variables_of({{"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
                                              {"AWS_ENDPOINT_URL_S3", peer.url() + "/"},
                                              {"AWS_DEFAULT_REGION", "eu-west-1"},
                                              {"AWS_ACCESS_KEY_ID", "id"},
                                              {"AWS_SECRET_ACCESS_KEY", "secret"}}),
                                clock)
                         .value();
  EXPECT_EQ(store->url("k"), "s3://bucket/logs/k");
  ASSERT_TRUE(store->put(kKey, "v"));
  const auto asked = peer.asked().at(0);
  EXPECT_EQ(asked.path, "/bucket/logs/dag_id%3Dd/run_id%3Dmanual__2026-01-01T00%3A00%3A00%2B00%3A00/a.log");
  EXPECT_NE(asked.header("authorization").find("/eu-west-1/s3/aws4_request"), std::string_view::npos);
}

TEST(OpenStoreTest, AnEmulatorOfGoogleIsAskedWithoutCredentials) {
  SystemClock clock;
  Peer peer([](const http::Request&) { return http::Response{}; });
  for (const std::string& host : {peer.url(), peer.url().substr(7)}) {
    const auto store =
        open_store("gs://bucket/logs", variables_of({{"STORAGE_EMULATOR_HOST", host}}), clock).value();
    ASSERT_TRUE(store->put("a/k", "v"));
    ASSERT_TRUE(store->get("a/k", 0, 1));
  }
  EXPECT_EQ(peer.asked().at(2).method, "POST");
  EXPECT_EQ(peer.asked().at(2).target, "/upload/storage/v1/b/bucket/o?uploadType=media&name=logs%2Fa%2Fk");
  EXPECT_EQ(peer.asked().at(3).target, "/storage/v1/b/bucket/o/logs%2Fa%2Fk?alt=media");
  EXPECT_EQ(peer.asked().at(3).header("authorization"), "");
}

}  // namespace
}  // namespace leoflow::objects
