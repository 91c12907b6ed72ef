#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

TEST_F(SchedulerTest, FailFastStopsWhatRunsAndSkipsTheRest) {
  DagBuilder dag;
  dag.task("fails");
  dag.task("runs");
  dag.task("done");
  dag.task("later", {"runs"});
  dag.task("cleanup", {"runs"}).is_teardown = true;
  dag.properties().fail_fast = true;
  DagRun& r = run(dag);
  report(r, "done", Outcome::success);
  const Uuid running = attempt(r, "runs");
  scheduler_.attempt_started(running, now_);
  scheduler_.attempt_started(attempt(r, "fails"), now_);
  ASSERT_TRUE(scheduler_.attempt_reported(attempt(r, "fails"), Outcome::failed, now_));
  ASSERT_EQ(scheduler_.changes().stop.size(), 1U);
  EXPECT_EQ(scheduler_.changes().stop[0].attempt_id, running);
  step();
  EXPECT_EQ(state(r, "runs"), TaskState::failed);
  EXPECT_EQ(state(r, "done"), TaskState::success);
  EXPECT_EQ(state(r, "later"), TaskState::skipped);
  EXPECT_EQ(state(r, "cleanup"), TaskState::upstream_failed);
  EXPECT_EQ(r.state, RunState::failed);
}

TEST_F(SchedulerTest, ARunThatTakesTooLongFailsAndItsTasksAreSkipped) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"});
  dag.properties().dagrun_timeout = 60s;
  DagRun& r = run(dag);
  scheduler_.attempt_started(attempt(r, "a"), now_);
  step();
  EXPECT_EQ(scheduler_.next_due(), now_ + 60s);
  now_ += 60s;
  scheduler_.tick(now_);
  EXPECT_EQ(scheduler_.changes().stop.size(), 1U);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::skipped);
  EXPECT_EQ(state(r, "b"), TaskState::skipped);
  EXPECT_EQ(r.state, RunState::failed);
}

TEST_F(SchedulerTest, AClearedRunHasItsWholeTimeoutAgain) {
  DagBuilder dag;
  dag.task("a");
  dag.properties().dagrun_timeout = 60s;
  DagRun& r = run(dag);
  now_ += 50s;
  report(r, "a", Outcome::failed);
  ASSERT_TRUE(scheduler_.clear(r, {{"a", -1}}, true, now_));
  step();
  now_ += 10s;
  scheduler_.tick(now_);
  EXPECT_EQ(r.state, RunState::running);
  now_ += 50s;
  scheduler_.tick(now_);
  EXPECT_EQ(r.state, RunState::failed);
}

TEST_F(SchedulerTest, FailuresInARowPauseTheDag) {
  DagBuilder dag;
  dag.task("a");
  dag.properties().max_consecutive_failed_dag_runs = 2;
  const auto end_one = [&](const std::string& run_id, Outcome outcome) {
    now_ += 1s;
    report(run(dag, run_id), "a", outcome);
    return scheduler_.find_dag("d")->paused;
  };
  EXPECT_FALSE(end_one("r1", Outcome::failed));
  EXPECT_FALSE(end_one("r2", Outcome::success));
  EXPECT_FALSE(end_one("r3", Outcome::failed));
  EXPECT_TRUE(end_one("r4", Outcome::failed));
}

}  // namespace
}  // namespace leoflow::scheduler
