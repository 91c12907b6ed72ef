#include <future>
#include <gtest/gtest.h>
#include <thread>

#include "base/text.hpp"
#include "engine/remembering_runner.hpp"
#include "executor/kubernetes/fake_api.hpp"
#include "executor/kubernetes/kubernetes_executor.hpp"
#include "fleet/fake_agents.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::executor {
namespace {

using fleet::fakes::FakeSession;

constexpr const char* kRunning = R"({"phase": "Running"})";
constexpr const char* kNoNode = R"({"phase": "Pending", "conditions": [
    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no cpu"}]})";

/// Attempts that are run in pods which stay. Attempts have numbers here, and their pods their names.
class HandingOverTest : public ::testing::Test {
 protected:
  HandingOverTest() { executor_.emplace(settings(), engine_, logs_, clock_); }
  ~HandingOverTest() override { executor_.reset(); }

  KubernetesSettings settings() {
    return {.access = api_.access(), .pending_limit = std::chrono::minutes{2}, .warm = WarmSettings{}};
  }
  void start(std::int64_t epoch = 1) {
    executor_->start(epoch);
    eventually([&] { return executor_->free_slots() > 0; }, "the pods are listed");
  }
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
  template <typename Holds>
  static void eventually(const Holds& holds, const char* what) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << what;
      std::this_thread::yield();
    }
  }

  /// The attempt has a pod that runs.
  void run(int number) {
    executor_->launch(spec(number));
    api_.await(name(number));
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

  ManualClock clock_{from_micros(1'800'000'000'000'000)};
  store::TemporaryDatabase database_{store::Backend::sqlite};
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  fleet::LogKeeper logs_{*database_, "/nowhere"};
  fakes::FakeApi api_;
  std::optional<KubernetesExecutor> executor_;
};

TEST_F(HandingOverTest, WhoeverSpeaksForThePodThenMustHaveTheSecretThatItsAgentWasTold) {
  engine_.start();
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
  executor_.emplace(settings(), engine_, logs_, clock_);
  start(2);
  EXPECT_EQ(identity(name(1)).secret_digest, sha256_hex(secret));
  const auto next = keep(2);
  executor_->launch(spec(3));
  EXPECT_NE(next->next().come_back().secret(), secret);
}

}  // namespace
}  // namespace leoflow::executor
