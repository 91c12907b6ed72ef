#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

/// What makes outdated what was worked out from the tasks of a finished run.
class TaskChanges : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    put(file_with("d", operator_json("a", "")));
    run_id_ = trigger("d");
    EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
    EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
  }
  /// Whether more changes are counted than at the time of the question before.
  bool changed() {
    const std::string now = one("SELECT CAST(task_changes AS TEXT) FROM dag_run");
    return std::exchange(seen_, now) != now;
  }
  std::vector<TaskKey> task() const { return {{run_id_, "a", -1}}; }

  std::string run_id_;
  std::string seen_ = "0";
};

INSTANTIATE_TEST_SUITE_P(Backends, TaskChanges,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(TaskChanges, OfAFinishedRunAreCounted) {
  EXPECT_TRUE(changed()) << "when it ended";
  EXPECT_FALSE(changed());
  ASSERT_TRUE(engine_->mark_tasks({"d", task(), "skipped"}));
  EXPECT_TRUE(changed()) << "when a task was marked";
  ASSERT_TRUE(engine_->clear_tasks({.dag_id = "d", .tasks = task(), .reset_run_state = false}));
  EXPECT_TRUE(changed()) << "when a task was cleared";
  ASSERT_TRUE(engine_->mark_tasks({"d", task(), "success"}));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(engine_->delete_task("d", {run_id_, "a", -1}));
  EXPECT_TRUE(changed()) << "when a task was deleted";
}

TEST_P(TaskChanges, TheDagKnowsHowManyTaskInstancesItHas) {
  const auto known = [&] { return one("SELECT CAST(task_instance_count AS TEXT) FROM dag"); };
  EXPECT_EQ(known(), "1");
  const std::string other = trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(known(), "2");
  ASSERT_TRUE(engine_->delete_run("d", run_id_));
  EXPECT_EQ(known(), "1");
  ASSERT_TRUE(engine_->delete_task("d", {other, "a", -1}));
  EXPECT_EQ(known(), "0");
}

TEST_P(TaskChanges, ARunThatRanAgainIsAnother) {
  EXPECT_TRUE(changed());
  ASSERT_TRUE(engine_->clear_tasks({.dag_id = "d", .tasks = task()}));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
  EXPECT_TRUE(changed());
}

}  // namespace
}  // namespace leoflow::engine
