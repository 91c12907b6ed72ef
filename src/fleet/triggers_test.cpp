#include <chrono>
#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <set>

#include "fleet/fleet.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::fleet {
namespace {

/// An agent that only remembers what it is told.
class Listener final : public agentrpc::AgentSession {
 public:
  const agentrpc::AgentIdentity& identity() const override { return identity_; }
  void send(agentrpc::ServerMessage message) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    changed_.notify_all();
  }
  void close() override {}

  /// The first message of that kind; fails the test when none comes.
  agentrpc::ServerMessage next(agentrpc::ServerMessage::KindCase kind) {
    std::unique_lock lock(mutex_);
    const auto find = [&] { return std::ranges::find(messages_, kind, &agentrpc::ServerMessage::kind_case); };
    if (!changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return find() != messages_.end(); })) {
      ADD_FAILURE() << "no message of kind " << kind;
      return {};
    }
    agentrpc::ServerMessage message = *find();
    messages_.erase(find());
    return message;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<agentrpc::ServerMessage> messages_;
  const agentrpc::AgentIdentity identity_;
};

class TriggersTest : public testing::Test {
 protected:
  TriggersTest() {
    fleet_.bind(engine_, tasks_);
    engine_.start();
  }
  ~TriggersTest() override { engine_.stop(); }

  static engine::TriggerSpec trigger(std::uint8_t n) {
    engine::TriggerSpec spec;
    spec.id.bytes[15] = n;
    spec.classpath = "my.Trigger";
    spec.kwargs = spec.next_kwargs = "{}";
    return spec;
  }
  std::shared_ptr<Listener> connect(const std::string& agent_id = "") {
    auto session = std::make_shared<Listener>();
    agentrpc::Hello hello;
    hello.set_agent_id(agent_id);
    fleet_.on_connected(session, hello);
    return session;
  }
  static std::set<std::string> triggers_of(const agentrpc::ServerMessage& message) {
    std::set<std::string> out;
    for (const auto& request : message.welcome().triggers()) out.insert(request.trigger_id());
    return out;
  }

  using Kind = agentrpc::ServerMessage::KindCase;
  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  auth::Sealer sealer_{std::string(32, 'k')};
  Fleet fleet_{{.log_folder = "/logs"}, clock_};
  engine::Engine engine_{*database_, clock_, fleet_, [](const std::string&, const std::string&) {}};
  tasks::TaskService tasks_{*database_, engine_, sealer_, clock_};
};

TEST_F(TriggersTest, AnAgentThatComesLaterIsGivenAllOfThem) {
  fleet_.start_trigger(trigger(1));
  fleet_.start_trigger(trigger(2));
  const auto agent = connect();
  EXPECT_EQ(triggers_of(agent->next(Kind::kWelcome)),
            (std::set<std::string>{trigger(1).id.text(), trigger(2).id.text()}));
}

TEST_F(TriggersTest, AnotherAgentTakesThoseOfOneThatIsGone) {
  const auto first = connect();
  first->next(Kind::kWelcome);
  fleet_.start_trigger(trigger(1));
  fleet_.start_trigger(trigger(2));
  first->next(Kind::kRunTrigger);
  fleet_.on_disconnected(first);
  const auto second = connect();
  EXPECT_EQ(triggers_of(second->next(Kind::kWelcome)).size(), 2U);
}

TEST_F(TriggersTest, AnAgentThatCameBackBeforeItsOldStreamEndedGoesOnWithItsOwn) {
  const auto before = connect("a");
  before->next(Kind::kWelcome);
  fleet_.start_trigger(trigger(1));
  const auto after = connect("a");
  EXPECT_EQ(triggers_of(after->next(Kind::kWelcome)), std::set<std::string>{trigger(1).id.text()});
  fleet_.start_trigger(trigger(2));
  EXPECT_EQ(after->next(Kind::kRunTrigger).run_trigger().trigger_id(), trigger(2).id.text());
  fleet_.on_disconnected(before);
  fleet_.stop_trigger(trigger(1).id);
  after->next(Kind::kCancelTrigger);
}

TEST_F(TriggersTest, OneThatNobodyWaitsForIsCancelledWhereItRuns) {
  const auto agent = connect();
  agent->next(Kind::kWelcome);
  fleet_.start_trigger(trigger(1));
  fleet_.start_trigger(trigger(2));
  fleet_.stop_trigger(trigger(1).id);
  EXPECT_EQ(agent->next(Kind::kCancelTrigger).cancel_trigger().trigger_id(), trigger(1).id.text());
  fleet_.on_disconnected(agent);
  EXPECT_EQ(triggers_of(connect()->next(Kind::kWelcome)), std::set<std::string>{trigger(2).id.text()});
}

}  // namespace
}  // namespace leoflow::fleet
