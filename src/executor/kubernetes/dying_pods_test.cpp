#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.hpp"
#include "engine/remembering_runner.hpp"
#include "executor/kubernetes/fake_api.hpp"
#include "executor/kubernetes/kubernetes_executor.hpp"
#include "fleet/one_task.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::executor {
namespace {

using fakes::eventually;

constexpr const char* kRuns = R"({"phase": "Running"})";
constexpr const char* kWaits = R"({"phase": "Pending"})";
/// What the controllers say of a pod whose node does not answer: first that it is not ready, ...
constexpr const char* kSilent = R"({"phase": "Running", "conditions": [
    {"type": "ContainersReady", "status": "True"}, {"type": "Ready", "status": "False"}]})";
/// ... and when they have waited for long, that it is to go.
constexpr const char* kLost = R"({"phase": "Running", "conditions": [
    {"type": "ContainersReady", "status": "True"}, {"type": "Ready", "status": "False"},
    {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager", "message": "m"}]})";
constexpr const char* kDrained = R"({"phase": "Running", "conditions": [
    {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "m"}]})";

/// One attempt, in a pod that comes to harm.
class DyingPodsTest : public ::testing::Test {
 protected:
  DyingPodsTest() {
    engine_.start();
    fleet::run_one_task(engine_);
    spec_ = runner_.started.get_future().get();
    spec_.image = "i";
    executor_.emplace(KubernetesSettings{.access = api_.access(), .parallelism = 2}, engine_, *logs_, clock_);
    // First: attempts that have no pod when the pods are listed are started anew.
    executor_->launch(spec_);
    api_.await(name());
    executor_->start(1);
    // From now on it hears of each change.
    eventually([&] { return executor_->free_slots() == 1; }, "the pods are listed");
  }
  ~DyingPodsTest() override {
    executor_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string name() const { return pod_name(spec_); }
  std::string log() const {
    return read_file(folder_ + "/dag_id=d/run_id=r/task_id=t/attempt=1.log").value_or("");
  }
  void await_log(const std::string& words) {
    eventually([&] { return log().find(words) != std::string::npos; }, words.c_str());
  }
  /// The pod is drained, and the executor knows.
  void drain() {
    api_.set_status(name(), kLost);
    api_.begin_deletion(name());
    eventually([&] { return executor_->has_lost(spec_.id); }, "it is stranded");
    api_.set_status(name(), kDrained);
    eventually([&] { return !executor_->has_lost(spec_.id); }, "it is drained");
  }
  /// Ends what writes logs.
  void stop() {
    executor_.reset();
    logs_.reset();
  }
  bool is_active() {
    std::promise<bool> told;
    engine_.standing_of(spec_.id, [&](const auto& standing) { told.set_value(!standing.is_over); });
    return told.get_future().get();
  }

  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("lf-dying-" + std::to_string(::getpid()));
  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  std::optional<fleet::LogKeeper> logs_{std::in_place, *database_, folder_};
  fakes::FakeApi api_;
  engine::AttemptSpec spec_;
  std::optional<KubernetesExecutor> executor_;
};

TEST_F(DyingPodsTest, OneWhoseNodeIsLostTakesNoSlotAndIsGivenUpOnceItsAgentIsMissed) {
  api_.set_status(name(), kLost);
  api_.begin_deletion(name());
  eventually([&] { return executor_->free_slots() == 2; }, "a slot is free");
  EXPECT_TRUE(executor_->has_lost(spec_.id));
  EXPECT_TRUE(is_active()) << "its agent may be connected";
  executor_->miss(spec_.id);
  await_log("its node was lost: m");
  EXPECT_FALSE(is_active());
}

TEST_F(DyingPodsTest, OneWhoseNodeAnswersAgainTakesItsSlotAgain) {
  api_.set_status(name(), kLost);
  api_.begin_deletion(name());
  eventually([&] { return executor_->has_lost(spec_.id); }, "it is stranded");
  api_.set_status(name(), kRuns);
  eventually([&] { return !executor_->has_lost(spec_.id); }, "it is not any more");
  EXPECT_EQ(executor_->free_slots(), 1);
}

TEST_F(DyingPodsTest, TheNodeIsBlamedForAnAgentThatIsAwayIfItDoesNotAnswer) {
  api_.set_status(name(), kSilent);
  // Told after that.
  eventually([&] { return executor_->miss(spec_.id), !is_active(); }, "it is given up");
  await_log("its node was lost");
  EXPECT_TRUE(api_.is_gone(name()));
}

TEST_F(DyingPodsTest, AnAgentThatDoesNotComeBackIsSaidInTheLog) {
  api_.set_status(name(), kRuns);
  eventually([&] { return executor_->miss(spec_.id), !is_active(); }, "it is given up");
  await_log("its agent did not come back");
  EXPECT_TRUE(api_.is_gone(name()));
}

TEST_F(DyingPodsTest, NothingIsDeletedWhileAnotherProcessMayLead) {
  executor_->stand_still(true);
  executor_->recall(spec_.id);
  for (int i = 0; i < 8; ++i) {
    // As many requests later, on the same threads.
    std::promise<void> answered;
    executor_->authenticate("none", [&](const auto&) { answered.set_value(); });
    answered.get_future().wait();
  }
  EXPECT_TRUE(api_.has(name()));
  executor_->stand_still(false);
  await_log("its pod was deleted");
}

TEST_F(DyingPodsTest, WhatIsThereIsKnownOnceThePodsAreListed) {
  KubernetesExecutor other(KubernetesSettings{.access = api_.access(), .parallelism = 2}, engine_, *logs_,
                           clock_);
  EXPECT_FALSE(other.knows_what_is_there());
  EXPECT_TRUE(executor_->knows_what_is_there());
}

TEST_F(DyingPodsTest, NobodyMissesTheAgentOfOneThatHasNotStarted) {
  executor_->miss(spec_.id);
  EXPECT_TRUE(is_active());
}

TEST_F(DyingPodsTest, OneThatHasNotStartedIsGivenUpWhenItsNodeDrivesItOut) {
  api_.set_status(name(), R"({"phase": "Pending", "conditions": [
      {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}]})");
  api_.begin_deletion(name());
  await_log("its node has a taint that its pod does not tolerate");
  EXPECT_FALSE(is_active());
}

TEST_F(DyingPodsTest, WhyKubernetesEndsOneIsSaidWhenItHasEndedAndOnce) {
  api_.set_status(name(), kDrained);
  api_.begin_deletion(name());
  EXPECT_TRUE(is_active()) << "its agent may have something to report";
  api_.set_status(name(), R"({"phase": "Failed"})");
  await_log("its pod was evicted through the API, as when a node is drained: m");
  EXPECT_FALSE(is_active());
  stop();
  EXPECT_EQ(log().find("its pod failed"), std::string::npos);
  EXPECT_EQ(log().find("its pod was deleted"), std::string::npos);
  EXPECT_EQ(log().find("its pod was evicted"), log().rfind("its pod was evicted"));
}

TEST_F(DyingPodsTest, WhyKubernetesEndsOneExplainsTheFailureThatItsAgentReports) {
  drain();
  std::promise<void> reported;
  engine_.attempt_finished({spec_.id, 143, "its task was killed by SIGTERM"}, [&] { reported.set_value(); });
  reported.get_future().wait();
  api_.set_status(name(), R"({"phase": "Failed"})");
  await_log("its pod was evicted through the API");
}

TEST_F(DyingPodsTest, WhyKubernetesEndsOneIsNoMatterIfItsTaskSucceeds) {
  drain();
  std::promise<bool> reported;
  engine_.attempt_reported(spec_.id, scheduler::Outcome::success,
                           [&](bool is_taken) { reported.set_value(is_taken); });
  ASSERT_TRUE(reported.get_future().get());
  std::promise<void> ended;
  engine_.attempt_finished({spec_.id, 0, ""}, [&] { ended.set_value(); });
  ended.get_future().wait();
  api_.set_status(name(), R"({"phase": "Succeeded"})");
  eventually([&] { return api_.is_gone(name()); }, "it is cleared away");
  stop();
  EXPECT_EQ(log(), "");
}

TEST_F(DyingPodsTest, OneThatIsLetLiveAfterAllSaysWhatItDiesOfLater) {
  api_.set_status(name(), kDrained);
  api_.set_status(name(), kRuns);
  api_.set_status(name(), R"({"phase": "Failed"})");
  await_log("its pod failed");
}

TEST_F(DyingPodsTest, OneThatSomebodyDeletesBeforeItHasStartedSaysSo) {
  api_.set_status(name(), kWaits);
  api_.begin_deletion(name());
  api_.set_status(name(), R"({"phase": "Failed"})");
  await_log("its pod was deleted");
}

}  // namespace
}  // namespace leoflow::executor
