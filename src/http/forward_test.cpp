#include "http/forward.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/server.hpp"

namespace leoflow::http {
namespace {

std::string url_of(const Server& server) {
  return fmt::format("http://127.0.0.1:{}", server.port());
}

Request patch() {
  Request out;
  out.method = "PATCH";
  out.target = "/api?x=1";
  out.headers = {{"authorization", "Bearer t"}, {"connection", "keep-alive"}, {"host", "leoflow.example"}};
  out.body = "{}";
  out.remote_address = "10.0.0.9";
  return out;
}

TEST(Forward, GivesTheOtherServersAnswerBack) {
  const auto server = Server::start({}, [](const Request& request) {
    Response out;
    out.status = 409;
    out.content_type = "text/plain";
    out.headers.emplace_back("X-Told", "yes");
    out.body =
        fmt::format("{} {} {} {} {} {}", request.method, request.target, request.header("authorization"),
                    request.header("host"), request.header("x-forwarded-for"), request.body);
    return out;
  });
  const auto answer = forward({.to = url_of(**server)}, patch());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(answer->content_type, "text/plain");
  EXPECT_TRUE(answer->has_header("x-told"));
  EXPECT_EQ(answer->body, "PATCH /api?x=1 Bearer t leoflow.example 10.0.0.9 {}");
}

TEST(Forward, SaysWhetherTheRequestMayHaveGotThere) {
  auto server = Server::start({}, [](const Request&) { return Response{}; });
  const std::string url = url_of(**server);
  server->reset();
  const auto refused = forward({.to = url}, patch());
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().was_sent);

  server = Server::start({}, [](const Request&) -> Response {
    Response endless;
    endless.stream = [] { return Part{"", std::chrono::milliseconds(10)}; };
    return endless;
  });
  const auto unanswered = forward({.to = url_of(**server), .limit = std::chrono::milliseconds(200)}, patch());
  ASSERT_FALSE(unanswered);
  EXPECT_TRUE(unanswered.error().was_sent);
}

TEST(Forward, RefusesWhatIsNoAddress) {
  for (const char* to : {"", "leoflow", "http://", "http://leoflow", "https://leoflow:1", "http://:x"}) {
    const auto answer = forward({.to = to}, patch());
    ASSERT_FALSE(answer) << to;
    EXPECT_FALSE(answer.error().was_sent);
  }
}

}  // namespace
}  // namespace leoflow::http
