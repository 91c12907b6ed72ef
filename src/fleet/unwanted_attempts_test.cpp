#include <future>
#include <gtest/gtest.h>

#include "fleet/fake_agents.hpp"
#include "fleet/fleet.hpp"
#include "fleet/one_task.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::fleet {
namespace {

using agentrpc::AgentMessage;
using fakes::FakeSession;

/// Agents that come back with attempts that nobody waits for.
class UnwantedAttemptsTest : public ::testing::Test {
 protected:
  UnwantedAttemptsTest() {
    fleet_.bind(engine_, tasks_);
    engine_.start();
  }
  ~UnwantedAttemptsTest() override { engine_.stop(); }

  std::shared_ptr<FakeSession> connect(const agentrpc::Hello& hello) {
    auto session = std::make_shared<FakeSession>(agentrpc::AgentIdentity{});
    fleet_.on_connected(session, hello);
    const auto welcome = session->next();
    EXPECT_TRUE(welcome.has_welcome());
    EXPECT_EQ(welcome.welcome().wanted_attempt_ids_size(), 0);
    return session;
  }
  static agentrpc::Hello with_slots(unsigned count) {
    agentrpc::Hello hello;
    hello.set_slots(count);
    return hello;
  }
  /// Returns when that was acknowledged.
  void finish(const std::shared_ptr<FakeSession>& session, const std::string& attempt) {
    AgentMessage message;
    message.mutable_finished()->set_attempt_id(attempt);
    fleet_.on_message(session, std::move(message));
    EXPECT_EQ(session->next().finished_ack().attempt_id(), attempt);
  }
  /// Once all is stored that the engine was told before.
  std::string failure_reason() {
    std::promise<void> stored;
    engine_.standing_of(Uuid{}, [&](const auto&) { stored.set_value(); });
    stored.get_future().wait();
    const auto session = database_->read();
    return session->query("SELECT failure_reason FROM task_instance")[0].find_text(0).value_or("");
  }

  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  auth::Sealer sealer_{std::string(32, 'k')};
  Fleet fleet_{{.log_folder = "/nowhere"}, clock_};
  engine::Engine engine_{*database_, clock_, fleet_, [](const std::string&, const std::string&) {}};
  tasks::TaskService tasks_{*database_, engine_, sealer_, clock_};
};

TEST_F(UnwantedAttemptsTest, OneTakesItsSlotUntilItsAgentTellsItsEnd) {
  const std::string attempt = new_uuid(clock_.now()).text();
  agentrpc::Hello hello = with_slots(2);
  hello.add_attempt_ids(attempt);
  const auto agent = connect(hello);
  EXPECT_EQ(fleet_.free_slots(), 1);
  finish(agent, attempt);
  EXPECT_EQ(fleet_.free_slots(), 2);
}

TEST_F(UnwantedAttemptsTest, WhyOneWasGivenUpStaysKnownWhenItsEndIsTold) {
  const auto agent = connect(with_slots(1));
  run_one_task(engine_);
  const std::string attempt = agent->next().start().attempt_id();
  fleet_.on_disconnected(agent);
  engine_.attempts_lost({*Uuid::parse(attempt)}, "its agent did not come back");
  agentrpc::Hello hello = with_slots(1);
  hello.add_attempt_ids(attempt);
  const auto back = connect(hello);
  finish(back, attempt);
  finish(back, attempt);  // told again
  EXPECT_EQ(failure_reason(), "its agent did not come back");
}

}  // namespace
}  // namespace leoflow::fleet
