#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

/// setup >> work >> teardown, and setup >> teardown.
DagBuilder with_setup_and_teardown() {
  DagBuilder dag;
  dag.task("setup").is_setup = true;
  dag.task("first", {"setup"});
  dag.task("second", {"first"});
  dag::Task& teardown = dag.task("teardown", {"second", "setup"});
  teardown.is_teardown = true;
  teardown.trigger_rule = dag::TriggerRule::all_done_setup_success;
  return dag;
}

TEST_F(SchedulerTest, ATeardownRunsThoughTheWorkFailedAndDoesNotDecideTheRun) {
  DagBuilder dag = with_setup_and_teardown();
  DagRun& r = run(dag);
  report(r, "setup", Outcome::success);
  report(r, "first", Outcome::failed);
  EXPECT_EQ(state(r, "second"), TaskState::upstream_failed);
  ASSERT_EQ(state(r, "teardown"), TaskState::queued);
  EXPECT_EQ(r.state, RunState::running) << "it is not over before its teardown";
  report(r, "teardown", Outcome::success);
  EXPECT_EQ(r.state, RunState::failed);
}

TEST_F(SchedulerTest, AFailedTeardownDecidesTheRunOnlyIfItIsMeantTo) {
  for (const bool counts : {false, true}) {
    DagBuilder dag = with_setup_and_teardown();
    dag.properties().tasks[3].on_failure_fail_dagrun = counts;
    dag.properties().dag_id = counts ? "counts" : "does_not";
    scheduler_.put_dag(dag.properties().dag_id, "v1", dag.build(), false, std::nullopt, now_);
    NewRun request;
    request.run_id = "r";
    request.run_after = now_;
    DagRun& r = *scheduler_.create_run(dag.properties().dag_id, request, now_).value();
    step();
    for (const char* task : {"setup", "first", "second"}) report(r, task, Outcome::success);
    report(r, "teardown", Outcome::failed);
    EXPECT_EQ(r.state, counts ? RunState::failed : RunState::success);
  }
}

TEST_F(SchedulerTest, AFailedSetupFailsAllItsWorkAtOnceAndItsTeardown) {
  DagBuilder dag = with_setup_and_teardown();
  dag.properties().tasks[1].trigger_rule = dag::TriggerRule::always;
  DagRun& r = run(dag);
  report(r, "setup", Outcome::failed);
  EXPECT_EQ(state(r, "first"), TaskState::queued) << "always is always";
  EXPECT_EQ(state(r, "second"), TaskState::upstream_failed) << "its setup, not its upstream, failed";
  report(r, "first", Outcome::success);
  EXPECT_EQ(state(r, "teardown"), TaskState::upstream_failed);
  EXPECT_EQ(r.state, RunState::failed);
}

TEST_F(SchedulerTest, ASkippedSetupSkipsWorkAndTeardown) {
  DagBuilder dag = with_setup_and_teardown();
  DagRun& r = run(dag);
  report(r, "setup", Outcome::skipped);
  for (const char* task : {"first", "second", "teardown"})
    EXPECT_EQ(state(r, task), TaskState::skipped) << task;
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(SchedulerTest, ATeardownWaitsForAllThatIsBetweenItAndItsSetup) {
  DagBuilder dag;
  dag.task("setup").is_setup = true;
  dag.task("slow", {"setup"});
  dag.task("quick", {"setup"});
  dag.task("last", {"slow", "quick"}).trigger_rule = dag::TriggerRule::one_success;
  dag::Task& teardown = dag.task("teardown", {"last", "setup"});
  teardown.is_teardown = true;
  teardown.trigger_rule = dag::TriggerRule::all_done_setup_success;
  DagRun& r = run(dag);
  report(r, "setup", Outcome::success);
  report(r, "quick", Outcome::success);
  report(r, "last", Outcome::success);
  EXPECT_EQ(state(r, "teardown"), TaskState::none) << "slow still uses what it would tear down";
  report(r, "slow", Outcome::success);
  EXPECT_EQ(state(r, "teardown"), TaskState::queued);
}

TEST_F(SchedulerTest, ASetupOfOtherWorkIsNoneOfATasksBusiness) {
  DagBuilder dag;
  dag.task("setup").is_setup = true;
  dag.task("work", {"setup"});
  dag.task("teardown", {"work", "setup"}).is_teardown = true;
  // Downstream of the setup, but after its teardown's scope.
  dag::Task& after = dag.task("after", {"work"});
  after.trigger_rule = dag::TriggerRule::all_done;
  DagRun& r = run(dag);
  report(r, "setup", Outcome::failed);
  EXPECT_EQ(state(r, "work"), TaskState::upstream_failed);
  EXPECT_EQ(state(r, "after"), TaskState::queued);
}

}  // namespace
}  // namespace leoflow::scheduler
