#include <future>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "engine/remembering_runner.hpp"
#include "executor/kubernetes/fake_api.hpp"
#include "executor/kubernetes/kubernetes_executor.hpp"
#include "fleet/fake_agents.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::executor {
namespace {

using fakes::eventually;
using fleet::fakes::FakeSession;

constexpr const char* kRunning = R"({"phase": "Running"})";
constexpr const char* kNoNode = R"({"phase": "Pending", "conditions": [
    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no cpu"}]})";

/// Attempts that are run in pods which stay. Attempts have numbers here, and their pods their names.
class HandingOverTest : public ::testing::Test {
 protected:
  static constexpr int kUnwanted = 90;

  HandingOverTest() { begin(); }
  ~HandingOverTest() override { executor_.reset(); }

  void begin() {
    api_.add(pod_of(spec(kUnwanted), settings(), 0).value());
    executor_.emplace(settings(), engine_, logs_, clock_);
  }
  KubernetesSettings settings() {
    return {.access = api_.access(), .pending_limit = std::chrono::minutes{2}, .warm = WarmSettings{}};
  }
  void start(std::int64_t epoch = 1) {
    engine_.start();
    executor_->start(epoch);
    await_adoption();
  }
  /// It has compared what is there with what is wanted: one pod is not.
  void await_adoption() { EXPECT_TRUE(api_.is_gone(name(kUnwanted))); }
  static engine::AttemptSpec spec(int number, const std::string& image = "i") {
    engine::AttemptSpec out;
    out.id = *Uuid::parse(fmt::format("0190b5c4-0000-7000-8000-{:012}", number));
    out.dag_id = "d";
    out.run_id = "r";
    out.task_id = "t";
    out.image = image;
    return out;
  }
  static std::string name(int number) { return pod_name(spec(number)); }

  std::uint64_t answered_creations() const {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i <= metrics::Histogram::kBounds; ++i)
      out += executor_->metrics().creation.count(i);
    return out;
  }
  /// The attempt gets a pod of its own.
  void make(int number, const std::string& image = "i") {
    const auto before = answered_creations();
    executor_->launch(spec(number, image));
    eventually([&] { return answered_creations() > before; }, "its pod is made");
  }
  /// The attempt has a pod that runs.
  void run(int number) {
    make(number);
    api_.set_status(name(number), kRunning);
  }
  /// Its agent, which is idle.
  std::shared_ptr<FakeSession> keep(int number) {
    auto agent = std::make_shared<FakeSession>(agentrpc::AgentIdentity{.attempt = spec(number).id});
    executor_->keep(spec(number).id, agent);
    return agent;
  }
  static std::function<bool(const json::value&)> runs(int number) {
    return [id = spec(number).id](const json::value& pod) { return attempt_of(pod) == id; };
  }
  /// Who the token of a pod is good for, once that can be said.
  agentrpc::AgentIdentity identity(const std::string& pod) {
    while (true) {
      std::promise<Result<agentrpc::AgentIdentity>> told;
      executor_->authenticate(pod, [&](auto identity) { told.set_value(std::move(identity)); });
      const auto identity = told.get_future().get();
      if (identity) return *identity;
      if (identity.error().code != ErrorCode::unavailable) {
        ADD_FAILURE() << identity.error().message;
        return {};
      }
    }
  }

  /// What was due in that time is done.
  void pass(Duration time) {
    clock_.advance(time);
    // Wakes whoever waits for the time.
    executor_->launch(spec(99, "another"));
    api_.await(name(99));
  }

  ManualClock clock_{from_micros(1'800'000'000'000'000)};
  store::TemporaryDatabase database_{store::Backend::sqlite};
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  fleet::LogKeeper logs_{*database_, "/nowhere"};
  fakes::FakeApi api_;
  std::optional<KubernetesExecutor> executor_;
};

TEST_F(HandingOverTest, WhoeverSpeaksForThePodThenMustHaveTheSecretThatItsAgentWasTold) {
  start();
  run(1);
  EXPECT_EQ(identity(name(1)).secret_digest, "") << "it runs what it was made for";
  const auto agent = keep(1);
  executor_->launch(spec(2));
  const std::string secret = agent->next().come_back().secret();
  EXPECT_EQ(secret.size(), 64U) << "256 bits";
  const json::value pod = api_.await(name(1), runs(2));
  EXPECT_EQ(json::serialize(pod).find(secret), std::string::npos);
  const auto present = identity(name(1));
  EXPECT_EQ(present.attempt, spec(2).id);
  EXPECT_EQ(present.secret_digest, sha256_hex(secret));
  eventually([&] { return agent->is_closed.load(); }, "its connection is ended");
  // The next leader knows it as well, and each time it is another.
  begin();
  executor_->start(2);
  await_adoption();
  EXPECT_EQ(identity(name(1)).secret_digest, sha256_hex(secret));
  const auto next = keep(2);
  executor_->launch(spec(3));
  EXPECT_NE(next->next().come_back().secret(), secret);
}

TEST_F(HandingOverTest, WhereTheLogOfAPodIsCanBeSaidOnceThePodsAreListed) {
  const json::value pod = pod_of(spec(1), settings(), 0).value();
  api_.add(pod);
  api_.set_status(name(1), kRunning);
  EXPECT_EQ(executor_->find_log(spec(1).id), std::nullopt);
  EXPECT_EQ(executor_->find_log(spec(2).id), std::nullopt);
  start();
  EXPECT_EQ(executor_->find_log(spec(1).id), log_path_of(pod)) << "though nobody waits for its attempt";
  EXPECT_EQ(executor_->find_log(spec(2).id), "") << "it has none";
}

TEST_F(HandingOverTest, WhoeverPresentsManyTokensKeepsNoPodFromBeingMade) {
  std::promise<void> goes_on;
  api_.on_review = [waits = goes_on.get_future().share()] { waits.wait(); };
  start();
  std::atomic<int> answered = 0;
  for (int i = 0; i < 100; ++i)
    executor_->authenticate("nobody", [&](const auto& identity) { answered += identity ? 0 : 1; });
  make(1);
  goes_on.set_value();
  eventually([&] { return answered == 100; }, "each is answered");
}

TEST_F(HandingOverTest, OnlyOneAtATimeSeesToAnAttempt) {
  start();
  run(1);
  executor_->expect(spec(1).id);
  executor_->launch(spec(2));  // waits for the pod of the first
  api_.on_patched = [&](int count) {
    // It has waited for long, and is looked at again.
    pass(std::chrono::seconds{3});
    EXPECT_EQ(api_.patches(count + 1, std::chrono::seconds{1}), count);
    return 200;
  };
  const auto agent = keep(1);
  eventually([&] { return agent->is_closed.load(); }, "it has been handed over");
  EXPECT_EQ(identity(name(1)).attempt, spec(2).id);
}

TEST_F(HandingOverTest, APodThatWasHandedOverAfterAllIsFollowedByNoOther) {
  start();
  run(1);
  api_.on_patch = [&](int count) {
    if (count < 3) api_.set_status(name(1), kRunning);  // it changes all the time
  };
  api_.on_patched = [](int) { return 409; };
  const auto agent = keep(1);
  executor_->launch(spec(2));
  eventually([&] { return agent->is_closed.load() || api_.has(name(2)); }, "there is a pod");
  EXPECT_FALSE(api_.has(name(2)));
  EXPECT_EQ(api_.patches(3, {}), 3);
  EXPECT_EQ(identity(name(1)).attempt, spec(2).id);
}

TEST_F(HandingOverTest, TheEndOfAnotherPodThatSaidItRunsTheAttemptIsNoneOfIts) {
  start();
  run(2);
  json::value other = api_.await(name(2));
  other.at("metadata").as_object()["uid"] = "another";
  api_.tell_deleted(other);
  // Told after that.
  run(3);
  api_.set_status(name(3), R"({"phase": "Succeeded"})");
  EXPECT_TRUE(api_.is_gone(name(3)));
  executor_->recall(spec(2).id);
  EXPECT_TRUE(api_.is_gone(name(2))) << "it is not forgotten";
}

TEST_F(HandingOverTest, OneThatIsIdleBeforeTheNewLeaderLookedAroundStays) {
  json::value pod = pod_of(spec(1), settings(), 1).value();
  pod.as_object()["status"] = json::parse(kRunning);
  api_.add(std::move(pod));
  engine_.start();
  std::promise<void> is_kept;
  // Before it says that nobody wants the attempt.
  engine_.active_attempts([&](const auto&) { is_kept.get_future().wait(); });
  executor_->start(2);
  eventually([&] { return executor_->free_slots() > 0; }, "the pods are listed");
  keep(1);
  is_kept.set_value();
  await_adoption();
  make(3, "another");
  pass(settings().pending_limit + std::chrono::seconds{10});
  EXPECT_TRUE(api_.is_gone(name(3))) << "it did not start";
  EXPECT_EQ(executor_->idle_pods(), 1U);
}

TEST_F(HandingOverTest, OneThatIsIdleBeforeThePodsAreKnownComesBack) {
  EXPECT_TRUE(keep(1)->is_closed);
}

TEST_F(HandingOverTest, IdlePodsGoOneByOneUntilThereIsANodeForAnother) {
  start();
  run(1);
  run(2);
  const auto oldest = keep(1);
  const auto newest = keep(2);
  make(3, "another");
  api_.set_status(name(3), kNoNode);
  EXPECT_TRUE(oldest->next().has_shutdown());
  EXPECT_EQ(executor_->idle_pods(), 1U);
  pass(std::chrono::seconds{6});
  EXPECT_TRUE(newest->next().has_shutdown());
}

}  // namespace
}  // namespace leoflow::executor
