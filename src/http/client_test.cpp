#include "http/client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

#include "http/server.hpp"

namespace leoflow::http {
namespace {

class ClientTest : public ::testing::Test {
 protected:
  void serve(Handler handler) {
    server_ = Server::start({.port = 0}, std::move(handler)).value();
    client_ = Client("http://127.0.0.1:" + std::to_string(server_->port()));
  }
  /// An answer of these parts; after them nothing comes and nothing ends.
  static Response endless(std::vector<std::string> parts, int status = 200) {
    Response out;
    out.status = status;
    const auto next = std::make_shared<std::size_t>(0);
    out.stream = [parts = std::move(parts), next]() -> std::optional<Part> {
      if (*next < parts.size()) return Part{parts[(*next)++]};
      return Part{"", std::chrono::milliseconds(10)};
    };
    return out;
  }

  std::unique_ptr<Server> server_;
  Client client_{""};
};

TEST_F(ClientTest, SendsWhatItIsTold) {
  serve([](const Request& request) {
    Response out;
    out.status = 201;
    out.headers.emplace_back("X-Heard", request.header("x-said"));
    out.body = fmt::format("{} {} {} {} {}", request.method, request.target, request.header("authorization"),
                           request.header("content-type"), request.body);
    return out;
  });
  client_.use_token("t");
  client_.use_header("X-Said", "hello");
  for (int i = 0; i < 2; ++i) {
    const auto answer = client_.send("PATCH", "/a?b=c", "{}", "application/merge-patch+json").value();
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, "PATCH /a?b=c Bearer t application/merge-patch+json {}");
    EXPECT_EQ(answer.header("x-heard"), "hello");
  }
  EXPECT_EQ(client_.get("/").value().body, "GET / Bearer t  ") << "nothing of the request before";
  EXPECT_EQ(client_.send("HEAD", "/").value().body, "");
}

TEST_F(ClientTest, HandsOverAnEndlessAnswerAsItComes) {
  serve([](const Request&) { return endless({"one\n", "two\n"}); });
  std::string heard;
  const auto answer = client_.stream("/", std::chrono::seconds(30), [&](std::string_view part) {
    heard += part;
    return heard.find("two") == std::string::npos;
  });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(heard, "one\ntwo\n");
  EXPECT_EQ(answer->body, "");
}

TEST_F(ClientTest, ARefusedStreamTellsWhy) {
  serve([](const Request&) { return error_response(410, "Gone"); });
  const auto answer = client_.stream("/", std::chrono::seconds(30), [](std::string_view) { return true; });
  EXPECT_EQ(answer.value().status, 410);
  EXPECT_NE(answer->body.find("Gone"), std::string::npos);
}

TEST_F(ClientTest, AStreamCanBeStopped) {
  serve([](const Request&) { return endless({"one\n"}); });
  std::thread stopping;
  const auto answer = client_.stream("/", std::chrono::seconds(30), [&](std::string_view) {
    stopping = std::thread([&] { client_.stop(); });
    return true;
  });
  stopping.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
}

TEST_F(ClientTest, WhatCannotBeReachedIsNamed) {
  const auto nobody = Client("http://127.0.0.1:1").get("/");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(nobody.error().message.starts_with("http://127.0.0.1:1 does not answer: "));
  for (const char* url : {"ftp://127.0.0.1", "file:///etc/passwd", "nothing at all"}) {
    const auto refused = Client(url).get("/");
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid) << url;
  }
}

TEST_F(ClientTest, AServerThatSaysNothingIsNotWaitedForLonger) {
  serve([](const Request&) { return endless({}); });
  Client hasty("http://127.0.0.1:" + std::to_string(server_->port()),
               {.limit = std::chrono::milliseconds(50)});
  EXPECT_EQ(hasty.get("/").error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace leoflow::http
