#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

class VersionsTest : public SchedulerTest {
 protected:
  /// A run that failed at its last task, and then a version without its first task and with a new last one.
  DagRun& failed_run_of_an_old_version() {
    DagBuilder before;
    before.task("gone");
    before.task("kept");
    before.task("last", {"gone", "kept"});
    DagRun& old = run(before);
    report(old, "gone", Outcome::success);
    report(old, "kept", Outcome::success);
    report(old, "last", Outcome::failed);
    DagBuilder after;
    after.task("kept");
    after.task("last", {"kept"}).retries = 2;
    after.task("fresh", {"last"});
    scheduler_.put_dag("d", "v2", after.build(), false, std::nullopt, now_);
    return old;
  }
};

TEST_F(VersionsTest, AClearedRunGoesOnWithTheNewestVersion) {
  DagRun& moved = failed_run_of_an_old_version();
  ASSERT_TRUE(scheduler_.move_to_newest(moved, now_));
  EXPECT_EQ(moved.version_id, "v2");
  const MovedRun& change = scheduler_.changes().moved.at(0);
  EXPECT_EQ(change.vanished, (std::vector<std::pair<std::string, int>>{{"gone", -1}}));
  ASSERT_EQ(scheduler_.changes().expanded.size(), 1U) << "the new task";
  EXPECT_EQ(moved.tasks[scheduler_.changes().expanded[0].first].map_index, -1);
  ASSERT_TRUE(scheduler_.clear(moved, {{"last", -1}}, true, now_));
  step();
  EXPECT_EQ(state(moved, "kept"), TaskState::success);
  EXPECT_EQ(moved.find("last", -1)->max_tries, 3) << "one try before, two retries";
  report(moved, "last", Outcome::success);
  report(moved, "fresh", Outcome::success);
  EXPECT_EQ(moved.state, RunState::success);
}

TEST_F(VersionsTest, ARunWhoseTasksWaitOrRunStaysWithItsVersion) {
  DagRun& busy = failed_run_of_an_old_version();
  ASSERT_TRUE(scheduler_.clear(busy, {{"kept", -1}}, true, now_));
  step();
  EXPECT_FALSE(scheduler_.move_to_newest(busy, now_));
  EXPECT_EQ(busy.version_id, "v1");
  report(busy, "kept", Outcome::success);
}

TEST_F(VersionsTest, ATaskThatComesBackGoesOnWithItsNextTry) {
  DagRun& moved = failed_run_of_an_old_version();
  ASSERT_TRUE(scheduler_.move_to_newest(moved, now_));
  step();
  DagBuilder again;
  again.task("gone").retries = 1;
  again.task("kept");
  scheduler_.put_dag("d", "v3", again.build(), false, std::nullopt, now_);
  ASSERT_TRUE(scheduler_.move_to_newest(moved, now_));
  EXPECT_TRUE(scheduler_.changes().expanded.empty()) << "it is stored already";
  ASSERT_NE(moved.find("gone", -1), nullptr);
  EXPECT_EQ(moved.find("gone", -1)->state, TaskState::none);
  EXPECT_EQ(moved.find("gone", -1)->try_number, 1);
  EXPECT_EQ(moved.find("gone", -1)->max_tries, 2) << "one try before, one retry";
  EXPECT_EQ(state(moved, "kept"), TaskState::success);
}

TEST_F(VersionsTest, InstancesOfAMappedTaskStayWithTheirIndexes) {
  DagBuilder before;
  before.task("each").expansion = dag::Expansion{};
  DagRun& old = run(before);
  old.grow(0, 3);
  for (TaskInstance& ti : old.tasks) ti.state = TaskState::success;
  old.index();
  step();
  DagBuilder after;
  after.task("first");
  after.task("each", {"first"}).expansion = dag::Expansion{};
  scheduler_.put_dag("d", "v2", after.build(), false, std::nullopt, now_);
  ASSERT_TRUE(scheduler_.move_to_newest(old, now_));
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(old.find("each", i), nullptr);
    EXPECT_EQ(old.find("each", i)->state, TaskState::success);
  }
  EXPECT_EQ(old.find("first", -1)->state, TaskState::none);
}

}  // namespace
}  // namespace leoflow::scheduler
