#include "http/server.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <fmt/core.h>
#include <future>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.hpp"
#include "http/gzip.hpp"
#include "http/inflated.hpp"

namespace leoflow::http {
namespace {

using namespace std::chrono_literals;

Response echo(const Request& request) {
  Response response;
  if (request.path == "/throw") throw std::runtime_error("secret detail");
  if (request.path == "/long-header") {
    response.headers.emplace_back("Location", std::string(70'000, 'a'));
    return response;
  }
  if (request.path == "/big") {
    response.body = "\"" + std::string(5000, 'a') + "\"";
    return response;
  }
  response.body = request.method + " " + request.path + " " + request.body;
  response.content_type = "text/plain";
  return response;
}

ServerConfig small_limits() {
  ServerConfig config;
  config.header_limit = 2048;
  config.body_limit = 1000;
  config.header_limit_time = 200ms;
  config.idle_limit = 300ms;
  return config;
}

/// A raw TCP connection, to say what no client library would.
class RawPeer {
 public:
  /// @param room  bytes for what was not heard yet; 0: as much as the system likes.
  explicit RawPeer(unsigned short port, int room = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (room > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    timeval limit{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~RawPeer() { ::close(fd_); }

  void say(std::string_view text) { (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// Everything until the server closes, or until `mark` was seen.
  std::string hear(std::string_view mark = "") {
    std::string text;
    char chunk[4096];
    while (mark.empty() || text.find(mark) == std::string::npos) {
      const ssize_t size = ::recv(fd_, chunk, sizeof chunk, 0);
      if (size <= 0) break;
      text.append(chunk, static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  int fd_;
};

class ServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Server> server = Server::start(small_limits(), echo).value();
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  RawPeer peer(server->port());
  peer.say("GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(peer.hear("GET /one").find("200 OK"), std::string::npos);
  peer.say("GET /two HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(peer.hear("GET /two").find("X-Content-Type-Options: nosniff"), std::string::npos);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  RawPeer peer(server->port());
  peer.say("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string heard = peer.hear();
  ASSERT_NE(heard.find("GET /a"), std::string::npos);
  EXPECT_LT(heard.find("GET /a"), heard.find("GET /b"));
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  RawPeer peer(server->port());
  peer.say(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_NE(peer.hear().find("POST /c abcde"), std::string::npos);
}

TEST_F(ServerTest, MalformedRequestIs400) {
  RawPeer peer(server->port());
  peer.say("\x01\x02 rubbish\r\n\r\n");
  const std::string heard = peer.hear();
  EXPECT_NE(heard.find("400 Bad Request"), std::string::npos);
  EXPECT_NE(heard.find(R"({"detail":"Malformed HTTP request"})"), std::string::npos);
}

TEST_F(ServerTest, OversizedHeaderIs431) {
  RawPeer peer(server->port());
  peer.say("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(4000, 'y') + "\r\n\r\n");
  EXPECT_NE(peer.hear().find("431"), std::string::npos);
}

TEST_F(ServerTest, OversizedBodyIs413) {
  RawPeer peer(server->port());
  peer.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n");
  EXPECT_NE(peer.hear().find("413"), std::string::npos);
}

TEST(Server, BodiesThatAreTooLargeTogetherAreRefusedAndTheirRoomIsFreeAgain) {
  ServerConfig config;
  config.all_bodies_limit = 100'000;
  const auto server = Server::start(config, echo).value();
  const auto status_of_body = [&](std::size_t size) {
    RawPeer peer(server->port());
    peer.say(fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                         size, std::string(size, 'b')));
    return peer.hear("\r\n").substr(9, 3);
  };
  EXPECT_EQ(status_of_body(100'001), "503");
  EXPECT_EQ(status_of_body(99'999), "200");
  EXPECT_EQ(status_of_body(99'999), "200");
}

TEST_F(ServerTest, SlowHeaderIsCutOff) {
  RawPeer peer(server->port());
  peer.say("GET / HTTP/1.1\r\nHo");
  const std::string heard = peer.hear();  // returns when the server gives up
  EXPECT_TRUE(heard.empty() || heard.find("408") != std::string::npos) << heard;
}

TEST_F(ServerTest, IdleConnectionIsClosed) {
  RawPeer peer(server->port());
  EXPECT_EQ(peer.hear(), "");
}

TEST(Server, AFullHouseMakesRoomByClosingWhoWaitsLongest) {
  ServerConfig config = small_limits();
  config.max_connections = 2;
  config.idle_limit = config.header_limit_time = std::chrono::seconds(60);
  const auto server = Server::start(config, echo).value();
  RawPeer slow(server->port());
  slow.say("GET /never HTTP/1.1\r\n");
  RawPeer idle(server->port());
  idle.say("GET /first HTTP/1.1\r\nHost: x\r\n\r\n");
  idle.hear("GET /first");
  RawPeer another(server->port());
  another.say("GET /another HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(another.hear("GET /another").find("200 OK"), std::string::npos);
  EXPECT_EQ(slow.hear(), "");  // closed
  idle.say("GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(idle.hear("GET /second").find("200 OK"), std::string::npos);
}

/// Asks for the same 20 MB, more than the system keeps for a client that does not read.
class SlowReaderTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kSize = 20'000'000;

  void serve(bool shared) {
    ServerConfig config;
    config.all_answers_limit = 2 * kSize;
    server_ = Server::start(config, [shared](const Request&) {
                Response response;
                std::string body(kSize, 'x');
                if (shared) {
                  response.shared_body = std::make_shared<const std::string>(std::move(body));
                } else {
                  response.body = std::move(body);
                }
                return response;
              }).value();
  }
  /// Has asked, and has heard how the answer begins.
  std::unique_ptr<RawPeer> reader() {
    auto peer = std::make_unique<RawPeer>(server_->port(), 65536);
    peer->say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(peer->hear("\r\n\r\n").find("200 OK"), std::string::npos);
    return peer;
  }
  static bool hears_all(RawPeer& peer) { return peer.hear().size() > kSize - 10'000; }

  std::unique_ptr<Server> server_;
};

TEST_F(SlowReaderTest, AnswersThatAreTooLargeTogetherCloseTheConnectionThatWaitsLongest) {
  serve(false);
  const auto first = reader();
  const auto second = reader();
  const auto third = reader();
  EXPECT_TRUE(hears_all(*third));
  EXPECT_FALSE(hears_all(*first));
  EXPECT_TRUE(hears_all(*second));
}

TEST_F(SlowReaderTest, WhatOneCopyServesToManyDoesNotCount) {
  serve(true);
  const auto first = reader();
  const auto second = reader();
  const auto third = reader();
  EXPECT_TRUE(hears_all(*third));
  EXPECT_TRUE(hears_all(*first));
}

TEST_F(SlowReaderTest, AHeadRequestLeavesNothingInMemory) {
  serve(false);
  const auto first = reader();
  const auto second = reader();
  RawPeer head(server_->port());
  head.say("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(head.hear().find("Content-Length: 20000000"), std::string::npos);
  EXPECT_TRUE(hears_all(*first));
}

TEST_F(ServerTest, HeadHasLengthButNoBody) {
  RawPeer peer(server->port());
  peer.say("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string heard = peer.hear();
  EXPECT_NE(heard.find("Content-Length: 8"), std::string::npos) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, CompressesLargeAnswersIfAccepted) {
  RawPeer peer(server->port());
  peer.say("GET /big HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n");
  const std::string heard = peer.hear();
  EXPECT_NE(heard.find("Content-Encoding: gzip"), std::string::npos);
  EXPECT_LT(heard.size(), 1000U);
}

TEST_F(ServerTest, ExceptionsBecome500WithoutDetails) {
  Client client("http://127.0.0.1:" + std::to_string(server->port()));
  const auto answer = client.get("/throw");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("secret"), std::string::npos);
}

TEST_F(ServerTest, AHeaderThatIsTooLongIsAFaultOfThatAnswerAlone) {
  Client client("http://127.0.0.1:" + std::to_string(server->port()));
  const auto answer = client.get("/long-header");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(client.get("/hello")->status, 200);
}

TEST_F(ServerTest, BusyPortIsNamed) {
  ServerConfig config;
  config.port = server->port();
  const auto second = Server::start(config, echo);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(config.port) + " is in use"), std::string::npos);
}

TEST(Server, StopLetsRequestsInProgressFinish) {
  std::promise<void> entered;
  std::promise<void> release;
  auto server = Server::start({}, [&](const Request&) {
                  entered.set_value();
                  release.get_future().wait();
                  Response response;
                  response.body = "done";
                  return response;
                }).value();
  RawPeer peer(server->port());
  peer.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { server->stop(); });
  release.set_value();
  stopped.get();
  EXPECT_NE(peer.hear().find("done"), std::string::npos);
}

/// A server of one worker that answers every request with the stream that the test makes of it.
class StreamTest : public ::testing::Test {
 protected:
  void serve(std::function<Stream()> make, ServerConfig config = {}) {
    config.workers = 1;
    server_ = Server::start(config, [make](const Request& request) {
                Response response;
                response.content_type = "text/plain";
                if (request.path == "/plain") {
                  response.body = "the answer";
                } else {
                  response.stream = make();
                }
                return response;
              }).value();
    peer_.emplace(server_->port());
  }
  /// These parts, without a pause.
  static Stream parts(std::vector<std::string> texts) {
    return [texts, next = 0U]() mutable -> std::optional<Part> {
      if (next == texts.size()) return std::nullopt;
      return Part{texts[next++]};
    };
  }
  /// Its first part, and then nothing for a time that no test waits for.
  static Stream one_then_silence() {
    return [] { return std::optional(Part{"first", 1h}); };
  }
  /// `is_released` when nobody holds it, or another of them, any more.
  Stream watched(Stream stream) {
    const std::shared_ptr<void> last(nullptr, [this](void*) {
      if (!was_released_.exchange(true)) released_.set_value();
    });
    return [last, stream] { return stream(); };
  }
  bool is_released() { return released_.get_future().wait_for(10s) == std::future_status::ready; }

  void get(std::string_view path, std::string_view version = "1.1", std::string_view header = "") {
    peer_->say(fmt::format("GET {} HTTP/{}\r\nHost: x\r\n{}\r\n", path, version, header));
  }
  static std::string body_of(const std::string& heard) { return heard.substr(heard.find("\r\n\r\n") + 4); }

  std::promise<void> released_;
  std::atomic<bool> was_released_ = false;
  std::unique_ptr<Server> server_;
  std::optional<RawPeer> peer_;
};

TEST_F(StreamTest, PartsAreChunksAndTheConnectionIsKept) {
  serve([] { return parts({"one\n", "", "and two\n"}); });
  get("/s");
  const std::string heard = peer_->hear("\r\n0\r\n\r\n");
  EXPECT_NE(heard.find("Transfer-Encoding: chunked"), std::string::npos) << heard;
  EXPECT_EQ(heard.find("Content-Length"), std::string::npos) << heard;
  EXPECT_EQ(body_of(heard), "4\r\none\n\r\n8\r\nand two\n\r\n0\r\n\r\n");
  get("/plain");
  EXPECT_EQ(body_of(peer_->hear("answer")), "the answer");
}

/// What the chunks that were heard so far hold.
std::string without_chunks(std::string_view heard) {
  heard.remove_prefix(heard.find("\r\n\r\n") + 4);
  std::string text;
  while (!heard.empty()) {
    const std::size_t size = std::stoul(std::string(heard.substr(0, heard.find('\r'))), nullptr, 16);
    heard.remove_prefix(heard.find('\n') + 1);
    text += heard.substr(0, size);
    heard.remove_prefix(size + 2);
  }
  return text;
}

TEST_F(StreamTest, IsCompressedIfAccepted) {
  const std::string large(200'000, 'x');
  serve([large] { return parts({"one\n", large, "", "and two\n"}); });
  get("/s", "1.1", "Accept-Encoding: gzip\r\n");
  const std::string heard = peer_->hear("\r\n0\r\n\r\n");
  EXPECT_NE(heard.find("Content-Encoding: gzip"), std::string::npos) << heard;
  EXPECT_NE(heard.find("Vary: Accept-Encoding"), std::string::npos) << heard;
  EXPECT_LT(heard.size(), 10'000U);
  EXPECT_EQ(inflated(without_chunks(heard)).text, "one\n" + large + "and two\n");
}

TEST_F(StreamTest, ACompressedPartCanBeReadBeforeTheNextIsMade) {
  serve([] { return one_then_silence(); });
  get("/s", "1.1", "Accept-Encoding: gzip\r\n");
  // How a flushed part ends, and its chunk.
  const std::string heard = peer_->hear(std::string_view("\0\0\xff\xff\r\n", 6));
  EXPECT_EQ(inflated(without_chunks(heard)).text, "first");
}

TEST_F(StreamTest, TheNextPartIsMadeAfterThePause) {
  std::vector<std::chrono::steady_clock::time_point> made;
  serve([&] {
    return [&]() -> std::optional<Part> {
      made.push_back(std::chrono::steady_clock::now());
      if (made.size() == 3) return std::nullopt;
      return Part{"part", 20ms};
    };
  });
  get("/s");
  peer_->hear("\r\n0\r\n\r\n");
  server_->stop();  // `made` is not touched any more
  ASSERT_EQ(made.size(), 3U);
  EXPECT_GE(made[1] - made[0], 20ms);
  EXPECT_GE(made[2] - made[1], 20ms);
}

TEST_F(StreamTest, OneThatLastsMakesRoomForOthers) {
  serve([] { return one_then_silence(); }, {.max_connections = 1});
  get("/s");
  peer_->hear("first");
  RawPeer other(server_->port());
  other.say("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(other.hear("answer")), "the answer");
  EXPECT_EQ(peer_->hear().find("\r\n0\r\n"), std::string::npos) << "broken off, and not as if it were whole";
}

TEST_F(StreamTest, APauseHoldsNoWorker) {
  serve([] { return one_then_silence(); });
  get("/s");
  peer_->hear("first");
  RawPeer other(server_->port());
  other.say("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(other.hear("answer")), "the answer");
}

TEST_F(StreamTest, OldClientsGetItWithoutChunksUntilTheConnectionCloses) {
  serve([] { return parts({"one\n", "two\n"}); });
  get("/s", "1.0");
  const std::string heard = peer_->hear();
  EXPECT_NE(heard.find("Connection: close"), std::string::npos) << heard;
  EXPECT_EQ(heard.find("chunked"), std::string::npos) << heard;
  EXPECT_EQ(body_of(heard), "one\ntwo\n");
}

TEST_F(StreamTest, AHeadRequestGetsNoParts) {
  serve([this] { return watched(one_then_silence()); });
  peer_->say("HEAD /s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body_of(peer_->hear()), "");
  EXPECT_TRUE(is_released());
}

TEST_F(StreamTest, EndsWhenTheClientGoesAway) {
  serve([this] { return watched(one_then_silence()); });
  get("/s");
  peer_->hear("first");
  peer_.reset();
  EXPECT_TRUE(is_released());
}

TEST_F(StreamTest, ARequestThatComesMeanwhileIsAnsweredAfterIt) {
  serve([] { return parts({"one", "two"}); });
  peer_->say("GET /s HTTP/1.1\r\nHost: x\r\n\r\nGET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string heard = peer_->hear();
  ASSERT_NE(heard.find("\r\n0\r\n\r\nHTTP/1.1 200"), std::string::npos) << heard;
  EXPECT_TRUE(heard.ends_with("the answer")) << heard;
}

TEST_F(StreamTest, EndsWithoutItsLastChunkWhenTheServerStops) {
  serve([this] { return watched(one_then_silence()); });
  get("/s");
  std::string heard = peer_->hear("first");
  server_->stop();
  heard += peer_->hear();
  EXPECT_TRUE(heard.ends_with("\r\n5\r\nfirst\r\n")) << heard;
  server_.reset();
  EXPECT_TRUE(is_released());
}

TEST_F(StreamTest, AnExceptionBreaksItOff) {
  serve([] {
    return [count = 0]() mutable -> std::optional<Part> {
      if (count++ == 1) throw std::runtime_error("no more");
      return Part{"first"};
    };
  });
  get("/s");
  EXPECT_TRUE(peer_->hear().ends_with("\r\n5\r\nfirst\r\n"));
}

/// Whose parts never end.
class EndlessStreamTest : public StreamTest {
 protected:
  void serve_endless(ServerConfig config) {
    serve([this] { return watched([] { return std::optional(Part{std::string(1 << 20, 'x')}); }); }, config);
    get("/s");
  }
};

TEST_F(EndlessStreamTest, AClientThatReadsNothingIsCutOff) {
  serve_endless({.write_stall_time = 100ms});
  EXPECT_TRUE(is_released());
}

TEST_F(EndlessStreamTest, APartThatTakesTooLongEndsIt) {
  serve_endless({.write_limit_time = 100ms});
  EXPECT_TRUE(is_released());
}

TEST_F(EndlessStreamTest, TwoWhosePartsAreTooLargeTogetherLeaveOne) {
  serve_endless({.all_answers_limit = 1 << 20});
  RawPeer other(server_->port());
  other.say("GET /s HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(is_released());
}

TEST(Message, SplitsTargetsAndCookies) {
  Request request;
  parse_target("/a%2Fb?x=1&x=2&y=a+b%26&z", request);
  EXPECT_EQ(request.path, "/a%2Fb");
  EXPECT_EQ(request.query.count("x"), 2U);
  EXPECT_EQ(request.query.find("y")->second, "a b&");
  EXPECT_EQ(request.query.find("z")->second, "");
  request.headers.emplace("cookie", "a=1; _token=abc.def; b=2");
  EXPECT_EQ(request.cookie("_token"), "abc.def");
  EXPECT_EQ(request.cookie("token"), "");
}

TEST(Gzip, HonoursQualityZero) {
  EXPECT_TRUE(accepts_gzip("gzip, deflate, br"));
  EXPECT_FALSE(accepts_gzip("br, gzip;q=0"));
  EXPECT_FALSE(accepts_gzip(""));
}

}  // namespace
}  // namespace leoflow::http
