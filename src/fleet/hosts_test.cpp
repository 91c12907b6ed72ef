#include <future>
#include <gtest/gtest.h>

#include "base/text.hpp"
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

class HostsTest : public ::testing::Test {
 protected:
  explicit HostsTest(Duration idle_limit = std::chrono::minutes{2})
      : fleet_({.log_folder = "/nowhere",
                .host_idle_limit = idle_limit,
                .known_answers = {{"plugins", "[\"none\"]"}}},
               clock_) {
    fleet_.bind(engine_, tasks_, {.attempts = &launcher_, .hosts = &launcher_, .logs = &logs_});
    engine_.start();
    fleet_.start();
  }
  ~HostsTest() override {
    fleet_.stop();
    engine_.stop();
  }

  static engine::PythonHome home(const std::string& version) {
    return {"sales", "/home/leoflow/dags", version, "registry/sales:" + version};
  }
  engine::TriggerSpec trigger(std::uint8_t n, const std::string& version = "v1") {
    engine::TriggerSpec spec;
    spec.id.bytes[15] = n;
    spec.dag_id = "d";
    spec.run_id = "r";
    spec.task_id = "t";
    spec.classpath = "my.Trigger";
    spec.kwargs = spec.next_kwargs = "{}";
    spec.home = home(version);
    return spec;
  }
  std::shared_ptr<FakeSession> connect(const std::string& version, const std::string& project = "sales") {
    auto session = std::make_shared<FakeSession>(
        agentrpc::AgentIdentity{.bundle = agentrpc::BundleVersion{project, version}});
    fleet_.on_connected(session, {});
    welcome_ = session->next().welcome();
    return session;
  }
  /// What the fleet is told by an agent; whether that is the end of its connection.
  bool is_closed_after(const std::shared_ptr<FakeSession>& session, AgentMessage message) {
    fleet_.on_message(session, std::move(message));
    return session->is_closed.exchange(false);
  }
  engine::PythonQuestion question(const engine::PythonHome& of, const std::string& ask = "next_run") {
    return {of, "d", "d.py", json::serialize(json::object{{"ask", ask}}),
            [this](Result<std::string> told) { answer_ = std::move(told); }};
  }

  /// Returns when it is known where the trigger's log goes on, so that it can be given to a host.
  void start_trigger(const engine::TriggerSpec& spec) {
    fleet_.start_trigger(spec);
    // The keeper of logs does one thing after the other.
    std::promise<void> is_known;
    logs_.begin(Uuid{}, "after", false, [&](std::uint64_t) { is_known.set_value(); });
    is_known.get_future().wait();
  }

  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  auth::Sealer sealer_{std::string(32, 'k')};
  FakeLauncher launcher_;
  Fleet fleet_;
  engine::Engine engine_{*database_, clock_, fleet_, [](const std::string&, const std::string&) {}};
  tasks::TaskService tasks_{*database_, engine_, sealer_, clock_, 1024};
  LogKeeper logs_{*database_, ::testing::TempDir() + "lf-hosts"};
  agentrpc::Welcome welcome_;
  Result<std::string> answer_ = fail(ErrorCode::not_found, "nobody answered");
};

TEST_F(HostsTest, IsLaunchedWhenSomethingNeedsItAndGivenThat) {
  start_trigger(trigger(1));
  EXPECT_EQ(launcher_.next_host(), (HostSpec{{"sales", "v1"}, "registry/sales:v1"}));
  connect("v1");
  ASSERT_EQ(welcome_.triggers_size(), 1);
  EXPECT_EQ(welcome_.triggers(0).trigger_id(), trigger(1).id.text());
  EXPECT_TRUE(welcome_.triggers(0).sends_log());
  EXPECT_EQ(welcome_.triggers(0).log_path(), "") << "no path of the control plane";
}

TEST_F(HostsTest, OneThatComesBackGoesOnWithATriggerWhoseLogIsNotLookedUpYet) {
  // The keeper is busy, with the log of another one.
  std::promise<void> may_go_on;
  logs_.begin(Uuid{}, "before", false, [&](std::uint64_t) { may_go_on.get_future().wait(); });
  fleet_.start_trigger(trigger(1));
  const auto host = connect("v1");
  ASSERT_EQ(welcome_.triggers_size(), 1) << "what is not there it would end";
  EXPECT_TRUE(welcome_.triggers(0).if_running());
  may_go_on.set_value();
  const agentrpc::ServerMessage given = host->next();
  EXPECT_TRUE(given.run_trigger().sends_log());
  EXPECT_FALSE(given.run_trigger().if_running());
}

TEST_F(HostsTest, IsGivenNothingOfAnotherVersionOrProject) {
  const auto other_version = connect("v2");
  const auto other_project = connect("v1", "hr");
  start_trigger(trigger(1));
  fleet_.ask(question(home("v1")));
  EXPECT_EQ(launcher_.next_host().bundle.version, "v1");
  EXPECT_TRUE(other_version->has_heard_nothing());
  EXPECT_TRUE(other_project->has_heard_nothing());
  const auto host = connect("v1");
  EXPECT_EQ(host->next().parse().bundle_name(), "sales");
}

TEST_F(HostsTest, WhatOneDidThatIsGoneIsGivenToTheNext) {
  const auto first = connect("v1");
  start_trigger(trigger(1));
  EXPECT_TRUE(first->next().has_run_trigger());
  fleet_.on_disconnected(first);
  EXPECT_EQ(launcher_.next_host().bundle.version, "v1");
  connect("v1");
  EXPECT_EQ(welcome_.triggers_size(), 1);
}

TEST_F(HostsTest, OneThatAnsweredAQuestionIsHeard) {
  const auto host = connect("v1");
  fleet_.ask(question(home("v1")));
  AgentMessage message;
  message.mutable_parsed()->set_parse_id(host->next().parse().parse_id());
  message.mutable_parsed()->set_result("7");
  EXPECT_FALSE(is_closed_after(host, message));
  EXPECT_EQ(answer_.value(), "7");
  EXPECT_FALSE(is_closed_after(host, message)) << "it may say it again";
}

TEST_F(HostsTest, OneThatSpeaksOfWhatItWasNotGivenIsCutOff) {
  const auto host = connect("v1");
  const auto other = connect("v2");
  start_trigger(trigger(1));
  fleet_.ask(question(home("v1")));
  host->next();
  const std::string parse_id = host->next().parse().parse_id();
  const std::string id = trigger(1).id.text();

  AgentMessage message;
  message.mutable_request()->set_attempt_id("trigger:" + id);
  EXPECT_FALSE(is_closed_after(host, message));
  EXPECT_TRUE(is_closed_after(other, message));
  message.mutable_request()->set_attempt_id(parse_id);
  EXPECT_FALSE(is_closed_after(host, message));
  EXPECT_TRUE(is_closed_after(other, message));
  message.mutable_request()->set_attempt_id(id);
  EXPECT_TRUE(is_closed_after(host, message)) << "the attempt that goes on after the trigger";
  message.mutable_log()->set_attempt_id(id);
  EXPECT_FALSE(is_closed_after(host, message));
  EXPECT_TRUE(is_closed_after(other, message));
  message.mutable_trigger()->set_trigger_id(id);
  EXPECT_TRUE(is_closed_after(other, message));
  EXPECT_FALSE(is_closed_after(host, message));
  message.mutable_parsed()->set_parse_id(parse_id);
  EXPECT_TRUE(is_closed_after(other, message));
  EXPECT_FALSE(is_closed_after(host, message));
  message.mutable_started()->set_attempt_id(id);
  EXPECT_TRUE(is_closed_after(host, message));
  message.mutable_refused()->set_attempt_id(id);
  EXPECT_TRUE(is_closed_after(host, message));
  message.mutable_finished()->set_attempt_id(id);
  EXPECT_TRUE(is_closed_after(host, message));
  message.mutable_heartbeat();
  EXPECT_FALSE(is_closed_after(host, message));
  message.mutable_heartbeat()->add_attempt_ids(id);
  EXPECT_TRUE(is_closed_after(host, message));
}

TEST_F(HostsTest, ACancelledTriggersLastWordsAreNoReasonToCutItsHostOff) {
  const auto host = connect("v1");
  start_trigger(trigger(1));
  fleet_.stop_trigger(trigger(1).id);
  AgentMessage message;
  message.mutable_trigger()->set_trigger_id(trigger(1).id.text());
  EXPECT_FALSE(is_closed_after(host, message));
}

TEST_F(HostsTest, WithoutAnImageThereIsNoneAndThatIsSaid) {
  engine::PythonHome none = home("v1");
  none.image.reset();
  fleet_.ask(question(none));
  ASSERT_FALSE(answer_);
  EXPECT_EQ(answer_.error().message,
            "version 'v1' of project 'sales' has no image to run it in: compile it with --image");
}

TEST_F(HostsTest, WithoutAnyProjectWhatIsInstalledIsNothing) {
  fleet_.ask(question({}, "plugins"));
  EXPECT_EQ(answer_.value(), "[\"none\"]");
  fleet_.ask(question({}, "test_connection"));
  EXPECT_EQ(answer_.error().code, ErrorCode::unavailable);
}

TEST_F(HostsTest, WhileNothingWaitsForOneTheControlPlaneStandsForIt) {
  ASSERT_EQ(fleet_.agents().size(), 1U);
  EXPECT_EQ(fleet_.agents()[0].gone_at, std::nullopt);
  start_trigger(trigger(1));
  ASSERT_EQ(fleet_.agents().size(), 1U);
  EXPECT_NE(fleet_.agents()[0].gone_at, std::nullopt) << "since then it waits";
  const auto host = connect("v1");
  ASSERT_EQ(fleet_.agents().size(), 1U);
  EXPECT_EQ(fleet_.agents()[0].gone_at, std::nullopt);
}

class IdleHostsTest : public HostsTest {
 protected:
  IdleHostsTest() : HostsTest(Duration{0}) {}
};

TEST_F(IdleHostsTest, OneThatHasNothingToDoIsToldToGoAndGivenNothingMore) {
  const auto host = connect("v1");
  EXPECT_TRUE(host->next().has_shutdown());
  start_trigger(trigger(1));
  EXPECT_EQ(launcher_.next_host().bundle.version, "v1");
  EXPECT_TRUE(host->has_heard_nothing());
}

TEST_F(IdleHostsTest, OneWhoseTriggerWaitsStays) {
  start_trigger(trigger(1));
  const auto busy = connect("v1");
  const auto idle = connect("v2");
  EXPECT_TRUE(idle->next().has_shutdown());
  EXPECT_TRUE(busy->has_heard_nothing());
  fleet_.stop_trigger(trigger(1).id);
  EXPECT_TRUE(busy->next().has_cancel_trigger());
  EXPECT_TRUE(busy->next().has_shutdown());
}

}  // namespace
}  // namespace leoflow::fleet
