#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <unistd.h>

#include "agentrpc/client.hpp"
#include "agentrpc/server.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace leoflow::agentrpc {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// Collects words under a lock and waits for them.
class Journal {
 public:
  void add(std::string word) {
    const std::lock_guard lock(mutex_);
    words_.push_back(std::move(word));
    changed_.notify_all();
  }
  /// @returns whether `word` was added within ten seconds.
  bool wait_for(const std::string& word, std::ptrdiff_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return std::ranges::count(words_, word) >= times; });
  }
  std::vector<std::string> words() {
    const std::lock_guard lock(mutex_);
    return words_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> words_;
};

/// Welcomes agents and answers each request with its own body.
class EchoPlane final : public AgentEvents {
 public:
  void on_connected(std::shared_ptr<AgentSession> session, const Hello& hello) override {
    journal.add("connected " + hello.agent_id());
    ServerMessage message;
    message.mutable_welcome();
    session->send(message);
  }
  void on_message(const std::shared_ptr<AgentSession>& session, AgentMessage message) override {
    if (message.request().body() == "too much") throw std::runtime_error("as it was told");
    ServerMessage answer;
    answer.mutable_response()->set_request_id(message.request().request_id());
    answer.mutable_response()->set_body(message.request().body());
    session->send(answer);
  }
  void on_disconnected(const std::shared_ptr<AgentSession>&) override { journal.add("disconnected"); }

  Journal journal;
};

class TestAgent final : public ServerEvents {
 public:
  Hello hello() override {
    Hello hello;
    hello.set_agent_id("a1");
    const std::lock_guard lock(mutex);
    hello.set_secret(secret);
    return hello;
  }
  void on_welcome(Welcome) override { journal.add("welcome"); }
  void on_message(ServerMessage message) override {
    journal.add(message.has_shutdown() ? "shutdown" : message.response().body());
  }
  void on_lost(const std::string& reason, bool is_refused) override {
    {
      const std::lock_guard lock(mutex);
      last_reason = reason;
      was_refused = is_refused;
    }
    if (on_loss) on_loss();
    journal.add("lost");
  }

  Journal journal;
  std::function<void()> on_loss;  ///< set before the client is started
  std::mutex mutex;
  std::string last_reason;
  bool was_refused = false;
  std::string secret;
};

/// Presents this token.
std::function<std::string()> said(const std::string& token) {
  return [token] { return token; };
}

AgentMessage request(std::uint64_t id, const std::string& body) {
  AgentMessage message;
  message.mutable_request()->set_request_id(id);
  message.mutable_request()->set_body(body);
  return message;
}

class AgentRpc : public ::testing::Test {
 protected:
  std::string directory_ = std::filesystem::temp_directory_path() / ("lf-rpc-" + std::to_string(::getpid()));
  std::string address_ = "unix:" + directory_ + "/agent.sock";
  EchoPlane plane_;
  TestAgent agent_;

  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::unique_ptr<Server> start() {
    auto server = Server::start({.address = address_, .authenticate = by_token("secret")}, plane_);
    EXPECT_TRUE(server.has_value());
    return server ? std::move(*server) : nullptr;
  }
};

TEST_F(AgentRpc, MessagesKeepTheirOrderBothWays) {
  const auto server = start();
  const auto client = Client::start({.address = address_, .token = said("secret")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("welcome"));
  for (int i = 0; i < 100; ++i) client->send(request(i, std::to_string(i)));
  ASSERT_TRUE(agent_.journal.wait_for("99"));
  const auto words = agent_.journal.words();
  ASSERT_EQ(words.size(), 101u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(words[i + 1], std::to_string(i));
  EXPECT_THAT(plane_.journal.words(), ElementsAre("connected a1"));
}

TEST_F(AgentRpc, AMessageThatCannotBeHandledEndsTheConnectionAndTheNextOneIsHeard) {
  const auto server = start();
  const auto client = Client::start({.address = address_, .token = said("secret")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("welcome"));
  client->send(request(1, "too much"));
  ASSERT_TRUE(agent_.journal.wait_for("lost"));
  ASSERT_TRUE(agent_.journal.wait_for("welcome", 2));
  client->send(request(2, "again"));
  EXPECT_TRUE(agent_.journal.wait_for("again"));
}

TEST_F(AgentRpc, LargeMessagesPass) {
  const auto server = start();
  const auto client = Client::start({.address = address_, .token = said("secret")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("welcome"));
  const std::string large(20 << 20, 'x');
  client->send(request(1, large));
  EXPECT_TRUE(agent_.journal.wait_for(large));
}

TEST_F(AgentRpc, WhatIsSentWhileTheLossIsToldIsDropped) {
  auto server = start();
  std::promise<Client*> started;
  const std::shared_future<Client*> client_of = started.get_future().share();
  agent_.on_loss = [client_of] { client_of.get()->send(request(7, "too late")); };
  const auto client = Client::start({.address = address_, .token = said("secret")}, agent_);
  started.set_value(client.get());
  ASSERT_TRUE(agent_.journal.wait_for("welcome"));
  server.reset();
  ASSERT_TRUE(agent_.journal.wait_for("lost"));
  server = start();
  ASSERT_TRUE(agent_.journal.wait_for("welcome", 2));
  EXPECT_THAT(agent_.journal.words(), Not(Contains("too late")));
}

TEST_F(AgentRpc, WrongTokenIsRefused) {
  const auto server = start();
  const auto client = Client::start({.address = address_, .token = said("wrong")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("lost", 2));
  const std::lock_guard lock(agent_.mutex);
  EXPECT_THAT(agent_.last_reason, HasSubstr("token"));
  EXPECT_TRUE(agent_.was_refused);
  EXPECT_TRUE(plane_.journal.words().empty());
}

TEST_F(AgentRpc, ClientReconnectsWhenTheServerComesBack) {
  auto server = start();
  const auto client = Client::start({.address = address_, .token = said("secret")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("welcome"));
  server.reset();
  ASSERT_TRUE(agent_.journal.wait_for("lost"));
  EXPECT_TRUE(plane_.journal.wait_for("disconnected"));
  server = start();
  ASSERT_TRUE(agent_.journal.wait_for("welcome", 2));
  client->send(request(7, "again"));
  EXPECT_TRUE(agent_.journal.wait_for("again"));
}

TEST_F(AgentRpc, ClientFindsTheOneOfItsAddressesThatServes) {
  const std::string nobody = "unix:" + directory_ + "/nobody.sock";
  auto server = start();
  const auto client = Client::start({.address = nobody + "," + address_, .token = said("secret")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("welcome"));
  server.reset();
  ASSERT_TRUE(agent_.journal.wait_for("lost", 2));
  server = start();
  EXPECT_TRUE(agent_.journal.wait_for("welcome", 2));
}

TEST_F(AgentRpc, BusyPortIsNamed) {
  const auto first = Server::start({.address = "127.0.0.1:0", .authenticate = by_token("t")}, plane_);
  ASSERT_TRUE(first.has_value());
  ASSERT_GT((*first)->port(), 0);
  const std::string address = "127.0.0.1:" + std::to_string((*first)->port());
  const auto second = Server::start({.address = address, .authenticate = by_token("t")}, plane_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_THAT(second.error().message, HasSubstr(address));
}

TEST_F(AgentRpc, SendingOnALostSessionDoesNothing) {
  struct Keeper final : AgentEvents {
    void on_connected(std::shared_ptr<AgentSession> s, const Hello&) override {
      session = std::move(s);
      ServerMessage message;
      message.mutable_welcome();
      session->send(message);
    }
    void on_message(const std::shared_ptr<AgentSession>&, AgentMessage) override {}
    void on_disconnected(const std::shared_ptr<AgentSession>&) override {}
    std::shared_ptr<AgentSession> session;
  } keeper;
  auto server = Server::start({.address = address_, .authenticate = by_token("secret")}, keeper);
  const auto client = Client::start({.address = address_, .token = said("secret")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("welcome"));
  server->reset();
  keeper.session->send({});
  keeper.session->close();
}

TEST_F(AgentRpc, AnAgentIsWhoItsTokenSaysEvenIfThatTakesAWhile) {
  const Uuid attempt = new_uuid(from_micros(1));
  std::function<void(Result<AgentIdentity>)> admit;
  std::promise<std::string> asked;
  class Keeper final : public AgentEvents {
   public:
    void on_connected(std::shared_ptr<AgentSession> session, const Hello&) override {
      seen.set_value(session);
    }
    void on_message(const std::shared_ptr<AgentSession>&, AgentMessage) override {}
    void on_disconnected(const std::shared_ptr<AgentSession>&) override {}
    std::promise<std::shared_ptr<AgentSession>> seen;
  } keeper;
  const auto server = Server::start({.address = address_,
                                     .authenticate =
                                         [&](const std::string& token, auto then) {
                                           admit = std::move(then);
                                           asked.set_value(token);
                                         }},
                                    keeper);
  const auto client = Client::start({.address = address_, .token = said("of a pod")}, agent_);
  EXPECT_EQ(asked.get_future().get(), "of a pod");
  admit(AgentIdentity{.attempt = attempt});
  EXPECT_EQ(keeper.seen.get_future().get()->identity().attempt, attempt);
}

TEST_F(AgentRpc, WhoeverHasNotTheSecretOfAnAttemptIsRefusedAndToldToGo) {
  const auto authenticate = [](const std::string&, const auto& then) {
    then(AgentIdentity{.secret_digest = sha256_hex("of the pod's agent")});
  };
  const auto server = Server::start({.address = address_, .authenticate = authenticate}, plane_);
  const auto client = Client::start({.address = address_, .token = said("of the pod")}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("lost"));
  EXPECT_TRUE(agent_.journal.wait_for("shutdown"));
  {
    const std::lock_guard lock(agent_.mutex);
    EXPECT_THAT(agent_.last_reason, HasSubstr("secret"));
    agent_.secret = "of somebody else";
  }
  ASSERT_TRUE(agent_.journal.wait_for("lost", 4));
  EXPECT_TRUE(plane_.journal.words().empty());
  {
    const std::lock_guard lock(agent_.mutex);
    agent_.secret = "of the pod's agent";
  }
  EXPECT_TRUE(agent_.journal.wait_for("welcome"));
}

/// A certificate for 127.0.0.1 that signs itself; both of its files are in the folder.
void make_certificate(const std::string& folder) {
  const auto made =
      run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                   "-keyout", folder + "/tls.key", "-out", folder + "/tls.crt"});
  ASSERT_TRUE(made && made->exit_code == 0);
}

class AgentRpcOverTls : public AgentRpc {
 protected:
  void SetUp() override {
    AgentRpc::SetUp();
    make_certificate(directory_);
    serve(by_token("secret"));
  }
  void serve(const Authenticate& authenticate, const std::string& client_ca = "") {
    server_ = Server::start({.address = "127.0.0.1:0",
                             .authenticate = authenticate,
                             .certificate_file = directory_ + "/tls.crt",
                             .key_file = directory_ + "/tls.key",
                             .client_ca_file = client_ca},
                            plane_)
                  .value();
    address_ = "127.0.0.1:" + std::to_string(server_->port());
  }
  std::string ca() const { return directory_ + "/tls.crt"; }

  std::unique_ptr<Server> server_;
};

TEST_F(AgentRpcOverTls, AnAgentThatTrustsTheCertificateIsServed) {
  const auto client = Client::start({.address = address_, .token = said("secret"), .tls = {ca()}}, agent_);
  EXPECT_TRUE(agent_.journal.wait_for("welcome"));
}

TEST_F(AgentRpcOverTls, AnAgentWithAnotherCaOrNoneSaysNothing) {
  const std::string other = directory_ + "/other";
  std::filesystem::create_directories(other);
  make_certificate(other);
  for (const std::string& trusted : {other + "/tls.crt", std::string(), directory_ + "/not there"}) {
    TestAgent agent;
    const auto client =
        Client::start({.address = address_, .token = said("secret"), .tls = {trusted}}, agent);
    EXPECT_TRUE(agent.journal.wait_for("lost"));
  }
  EXPECT_THAT(plane_.journal.words(), ElementsAre());
}

/// Agents must show a certificate of the CA `clients/tls.crt`.
class AgentRpcOverMutualTls : public AgentRpcOverTls {
 protected:
  void SetUp() override {
    AgentRpcOverTls::SetUp();
    for (const char* name : {"/clients", "/others"}) {
      std::filesystem::create_directories(directory_ + name);
      make_certificate(directory_ + name);
    }
    serve(by_token("secret"), directory_ + "/clients/tls.crt");
  }
  TlsFiles showing(const std::string& name) const {
    return {ca(), directory_ + name + "/tls.crt", directory_ + name + "/tls.key"};
  }
};

TEST_F(AgentRpcOverMutualTls, AnAgentThatShowsACertificateIsServed) {
  const auto client =
      Client::start({.address = address_, .token = said("secret"), .tls = showing("/clients")}, agent_);
  EXPECT_TRUE(agent_.journal.wait_for("welcome"));
}

TEST_F(AgentRpcOverMutualTls, AnAgentWithoutOneOrWithOneOfAnotherCaIsNotEvenAskedForItsToken) {
  std::atomic<int> asked = 0;
  serve([&](const std::string&, const auto& then) { ++asked, then(AgentIdentity{}); },
        directory_ + "/clients/tls.crt");
  for (const TlsFiles& shown : {TlsFiles{ca()}, showing("/others")}) {
    TestAgent agent;
    const auto client = Client::start({.address = address_, .token = said("secret"), .tls = shown}, agent);
    EXPECT_TRUE(agent.journal.wait_for("lost"));
  }
  EXPECT_EQ(asked, 0);
}

TEST_F(AgentRpcOverMutualTls, ACertificateWithoutTheTokenOpensNothing) {
  const auto client =
      Client::start({.address = address_, .token = said("guessed"), .tls = showing("/clients")}, agent_);
  EXPECT_TRUE(agent_.journal.wait_for("lost"));
  EXPECT_THAT(plane_.journal.words(), ElementsAre());
}

TEST_F(AgentRpcOverMutualTls, ACertificateThatIsRenewedIsShownFromTheNextConnectionOn) {
  const TlsFiles shown = showing("/others");
  const auto client = Client::start({.address = address_, .token = said("secret"), .tls = shown}, agent_);
  ASSERT_TRUE(agent_.journal.wait_for("lost"));
  for (const char* file : {"/tls.crt", "/tls.key"}) {
    std::filesystem::copy_file(directory_ + "/clients" + file, directory_ + "/others" + file,
                               std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_TRUE(agent_.journal.wait_for("welcome"));
}

}  // namespace
}  // namespace leoflow::agentrpc
