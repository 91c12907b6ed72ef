#include <future>
#include <gtest/gtest.h>

#include "engine/remembering_runner.hpp"
#include "fleet/fake_agents.hpp"
#include "fleet/fleet.hpp"
#include "fleet/one_task.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::fleet {
namespace {

using agentrpc::AgentMessage;
using fakes::FakeLauncher;
using fakes::FakeSession;

class BoundAgentsTest : public ::testing::Test {
 protected:
  BoundAgentsTest() {
    fleet_.bind(engine_, tasks_, {.attempts = &launcher_, .hosts = &launcher_, .logs = &logs_});
    engine_.start();
    run_one_task(engine_);
    attempt_ = launcher_.next_attempt();
  }

  /// As after a restart: it waits for the agent of the attempt.
  void start_anew(Fleet& fleet) {
    fleet.bind(engine_, tasks_, {.attempts = &launcher_, .logs = &logs_});
    fleet.start();
    std::promise<void> has_begun;
    engine_.active_attempts([&](const auto&) { has_begun.set_value(); });
    has_begun.get_future().wait();
  }
  std::shared_ptr<FakeSession> connect(const Uuid& attempt) {
    auto session = std::make_shared<FakeSession>(agentrpc::AgentIdentity{.attempt = attempt});
    fleet_.on_connected(session, {});
    EXPECT_TRUE(session->next().has_welcome());
    return session;
  }
  void begin(const std::shared_ptr<FakeSession>& session) {
    AgentMessage message;
    message.mutable_started()->set_attempt_id(attempt_.text());
    fleet_.on_message(session, std::move(message));
  }
  /// Its attempt has ended, and it knows that this was heard.
  void finish(const std::shared_ptr<FakeSession>& session) {
    AgentMessage message;
    message.mutable_finished()->set_attempt_id(attempt_.text());
    fleet_.on_message(session, std::move(message));
    EXPECT_TRUE(session->next().has_finished_ack());
  }
  void say_idle(const std::shared_ptr<FakeSession>& session) {
    AgentMessage message;
    message.mutable_idle();
    fleet_.on_message(session, std::move(message));
  }
  bool is_closed_after(AgentMessage message) {
    const auto session = std::make_shared<FakeSession>(agentrpc::AgentIdentity{.attempt = attempt_});
    fleet_.on_message(session, std::move(message));
    return session->is_closed;
  }

  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  auth::Sealer sealer_{std::string(32, 'k')};
  FakeLauncher launcher_;
  Fleet fleet_{{.log_folder = "/nowhere"}, clock_};
  engine::Engine engine_{*database_, clock_, fleet_, [](const std::string&, const std::string&) {}};
  tasks::TaskService tasks_{*database_, engine_, sealer_, clock_, 1024};
  LogKeeper logs_{*database_, "/nowhere"};
  Uuid attempt_;
};

TEST_F(BoundAgentsTest, OneIsSentItsAttemptAndNoPathOfTheControlPlane) {
  const auto start = connect(attempt_)->next().start();
  EXPECT_EQ(start.attempt_id(), attempt_.text());
  EXPECT_TRUE(start.sends_log());
  EXPECT_EQ(start.log_path(), "");
}

TEST_F(BoundAgentsTest, OneThatNobodyWaitsForMayGo) {
  EXPECT_TRUE(connect(new_uuid(clock_.now()))->next().has_shutdown());
}

TEST_F(BoundAgentsTest, OneThatSpeaksOfAnotherAttemptIsCutOff) {
  const std::string other = new_uuid(clock_.now()).text();
  AgentMessage message;
  message.mutable_started()->set_attempt_id(other);
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_refused()->set_attempt_id(other);
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_request()->set_attempt_id(other);
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_finished()->set_attempt_id(other);
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_log()->set_attempt_id(other);
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_heartbeat()->add_attempt_ids(attempt_.text());
  EXPECT_FALSE(is_closed_after(message));
  message.mutable_heartbeat()->add_attempt_ids(other);
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_ending()->set_attempt_id(attempt_.text());
  EXPECT_FALSE(is_closed_after(message));
  message.mutable_ending()->set_attempt_id(other);
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_parsed()->set_parse_id("parse-1");
  EXPECT_TRUE(is_closed_after(message));
  message.mutable_trigger()->set_trigger_id(attempt_.text());
  EXPECT_TRUE(is_closed_after(message));
}

TEST_F(BoundAgentsTest, OneThatIsNotThereYetNeedNotCome) {
  fleet_.stop(attempt_, "marked");
  EXPECT_EQ(launcher_.recalled(), std::vector{attempt_});
}

TEST_F(BoundAgentsTest, OneThatStaysAwayIsMissedAndSoonerIfItsMachineIsGivenUp) {
  ManualClock clock{from_micros(1'800'000'000'000'000)};
  const auto away_for = [&](Duration time) {
    Fleet fleet{{.log_folder = "/nowhere", .claim_grace = std::chrono::minutes{5}}, clock};
    start_anew(fleet);
    clock.advance(time);
    return launcher_.next_missed();
  };
  EXPECT_EQ(away_for(std::chrono::minutes{5}), attempt_);
  launcher_.has_lost_all = true;
  EXPECT_EQ(away_for(std::chrono::seconds{10}), attempt_);
}

TEST_F(BoundAgentsTest, NobodyIsMissedUntilItIsKnownWhatIsThereAndThenEachHasItsTime) {
  ManualClock clock{from_micros(1'800'000'000'000'000)};
  launcher_.set_knows(false);
  Fleet fleet{{.log_folder = "/nowhere", .claim_grace = std::chrono::minutes{5}}, clock};
  start_anew(fleet);
  clock.advance(std::chrono::minutes{5});
  // At the second time all that follows from the first is done.
  launcher_.await_asked(2);
  launcher_.set_knows(true);
  launcher_.await_asked(2);
  EXPECT_TRUE(launcher_.has_missed_nobody());
  clock.advance(std::chrono::minutes{5});
  EXPECT_EQ(launcher_.next_missed(), attempt_);
}

TEST_F(BoundAgentsTest, OneThatIsBackWithAnAttemptThatWasClearedMeanwhileIsToldToStopIt) {
  const auto old = connect(attempt_);
  EXPECT_TRUE(old->next().has_start());
  begin(old);
  fleet_.on_disconnected(old);
  ASSERT_TRUE(engine_.clear_tasks({"d", {{"r", "t", -1}}, true, {}, {}}));
  const auto back = std::make_shared<FakeSession>(agentrpc::AgentIdentity{.attempt = attempt_});
  agentrpc::Hello hello;
  hello.add_attempt_ids(attempt_.text());
  fleet_.on_connected(back, hello);
  const auto welcome = back->next().welcome();
  ASSERT_EQ(welcome.wanted_attempt_ids_size(), 1) << "its end is waited for";
  EXPECT_EQ(back->next().stop().attempt_id(), attempt_.text());
}

TEST_F(BoundAgentsTest, OneThatGoesBeforeItIsWelcomedIsNotThere) {
  std::promise<void> gate;
  const auto settled = [&] {
    std::promise<void> done;
    engine_.active_attempts([&](const auto&) { done.set_value(); });
    done.get_future().wait();
  };
  engine_.active_attempts([opened = gate.get_future().share()](const auto&) { opened.wait(); });
  const auto session = std::make_shared<FakeSession>(agentrpc::AgentIdentity{.attempt = attempt_});
  fleet_.on_connected(session, {});
  fleet_.on_disconnected(session);
  gate.set_value();
  settled();
  EXPECT_EQ(fleet_.state().agents, 0U);
  EXPECT_TRUE(session->has_heard_nothing());
}

/// Agents that stay after their attempts are kept.
class KeptAgentsTest : public BoundAgentsTest {
 protected:
  KeptAgentsTest() {
    fleet_.bind(engine_, tasks_,
                {.attempts = &launcher_, .hosts = &launcher_, .logs = &logs_, .keeper = &keeper_});
  }
  std::shared_ptr<FakeSession> connect_as(const Uuid& attempt, bool is_idle,
                                          const std::string& agent_id = "") {
    auto session = std::make_shared<FakeSession>(agentrpc::AgentIdentity{.attempt = attempt});
    agentrpc::Hello hello;
    hello.set_agent_id(agent_id);
    hello.set_is_idle(is_idle);
    fleet_.on_connected(session, hello);
    EXPECT_TRUE(session->next().has_welcome());
    return session;
  }

  fakes::FakeKeeper keeper_;
};

TEST_F(KeptAgentsTest, OneThatIsIdleIsKeptWhenNobodyWaitsForItsAttempt) {
  const Uuid over = new_uuid(clock_.now());
  const auto session = connect_as(over, true);
  EXPECT_TRUE(keeper_.has_heard("keep", over));
  EXPECT_TRUE(session->has_heard_nothing());
  fleet_.on_disconnected(session);
  EXPECT_TRUE(keeper_.has_heard("lost", over));
}

TEST_F(KeptAgentsTest, OneThatIsIdleIsSentTheAttemptThatItIsTheAgentOfNow) {
  EXPECT_EQ(connect_as(attempt_, true)->next().start().attempt_id(), attempt_.text());
  EXPECT_TRUE(keeper_.has_heard_nothing());
}

TEST_F(KeptAgentsTest, OneThatIsNotIdleMayGo) {
  EXPECT_TRUE(connect_as(new_uuid(clock_.now()), false)->next().has_shutdown());
}

TEST_F(KeptAgentsTest, OneThatSaysItIsIdleIsKeptWhenItsAttemptIsOver) {
  const auto session = connect_as(attempt_, false);
  EXPECT_TRUE(session->next().has_start());
  AgentMessage ending;
  ending.mutable_ending()->set_attempt_id(attempt_.text());
  fleet_.on_message(session, ending);
  EXPECT_TRUE(keeper_.has_heard("expect", attempt_));
  finish(session);
  say_idle(session);
  EXPECT_TRUE(keeper_.has_heard("keep", attempt_));
}

TEST_F(KeptAgentsTest, NobodyIsKeptForAnAttemptThatRuns) {
  const auto agent = connect_as(attempt_, false);
  EXPECT_TRUE(agent->next().has_start());
  begin(agent);
  // As a task that has read its pod's token.
  const auto other = connect_as(attempt_, true);
  EXPECT_TRUE(other->next().has_shutdown());
  say_idle(other);
  EXPECT_TRUE(other->next().has_shutdown());
  say_idle(agent);
  EXPECT_TRUE(agent->next().has_shutdown());
  EXPECT_FALSE(keeper_.has_kept());
}

TEST_F(KeptAgentsTest, NobodyIsKeptWhileSomebodyElseSpeaksForTheAttempt) {
  const auto agent = connect_as(attempt_, false);
  EXPECT_TRUE(agent->next().has_start());
  finish(agent);
  const auto other = connect_as(attempt_, true);
  EXPECT_TRUE(other->next().has_shutdown());
  fleet_.on_disconnected(other);
  EXPECT_FALSE(keeper_.has_kept());
  say_idle(agent);
  EXPECT_TRUE(keeper_.has_heard("keep", attempt_));
}

TEST_F(KeptAgentsTest, OneThatIsBackBeforeItsOldConnectionEndedIsKept) {
  const Uuid over = new_uuid(clock_.now());
  connect_as(over, false, "same");
  connect_as(over, true, "same");
  EXPECT_TRUE(keeper_.has_heard("keep", over));
}

TEST_F(KeptAgentsTest, OneIsKeptThatCameBackWithAnAttemptNobodyWantsAnyMore) {
  const Uuid over = new_uuid(clock_.now());
  const auto session = std::make_shared<FakeSession>(agentrpc::AgentIdentity{.attempt = over});
  agentrpc::Hello hello;
  hello.add_attempt_ids(over.text());
  fleet_.on_connected(session, hello);
  EXPECT_TRUE(session->next().has_welcome());
  say_idle(session);
  EXPECT_TRUE(keeper_.has_heard("keep", over));
}

TEST_F(BoundAgentsTest, OneThatIsIdleMayGoWhereNobodyKeepsThem) {
  const auto session = connect(attempt_);
  EXPECT_TRUE(session->next().has_start());
  finish(session);
  say_idle(session);
  EXPECT_TRUE(session->next().has_shutdown());
}

}  // namespace
}  // namespace leoflow::fleet
