#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

class Explain : public SchedulerTest {
 protected:
  std::vector<Blocker> why(DagRun& run, const std::string& task_id) {
    return scheduler_.explain(run.ref_to(*run.find(task_id, -1)));
  }
  /// The only reason there is; its name, then what it says.
  std::string only(DagRun& run, const std::string& task_id) {
    const auto reasons = why(run, task_id);
    EXPECT_EQ(reasons.size(), 1U) << task_id;
    return reasons.empty() ? "" : reasons[0].name + ": " + reasons[0].reason;
  }
};

TEST_F(Explain, NamesTheUpstreamTasksThatATriggerRuleWaitsFor) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b");
  dag.task("c", {"a", "b"});
  DagRun& made = run(dag);
  report(made, "a", Outcome::success);
  EXPECT_EQ(only(made, "c"),
            "Trigger Rule: trigger_rule 'all_success' waits for upstream tasks: 'b' (queued)");
}

TEST_F(Explain, OfManyUpstreamTasksItNamesAFewAndCountsTheRest) {
  DagBuilder dag;
  std::vector<std::string> ids;
  for (int i = 0; i < 9; ++i) ids.push_back("t" + std::to_string(i));
  for (const auto& id : ids) dag.task(id);
  dag.task("last", ids);
  EXPECT_TRUE(only(run(dag), "last").ends_with("'t4' (queued) and 4 more"));
}

TEST_F(Explain, APausedDagIsNamedWithTheWayOut) {
  DagBuilder dag;
  dag.task("a");
  scheduler_.set_free_slots(0);
  DagRun& made = run(dag);
  ASSERT_TRUE(scheduler_.set_paused("d", true, now_));
  scheduler_.set_free_slots(10);
  EXPECT_EQ(only(made, "a"), "Dag Not Paused: DAG 'd' is paused; unpause it");
}

TEST_F(Explain, AFullPoolIsNamedWithItsSlots) {
  DagBuilder dag;
  dag.task("a").pool_slots = 2;
  dag.task("b").pool_slots = 2;
  scheduler_.put_pool("default_pool", 3, false);
  DagRun& made = run(dag);
  EXPECT_EQ(only(made, "b"),
            "Pool Slots Available: pool 'default_pool' has 3 slots, 1 of them free; the task needs 2");
}

TEST_F(Explain, ALimitIsNamedByItsSetting) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b");
  dag.properties().max_active_tasks = 1;
  DagRun& made = run(dag);
  EXPECT_EQ(only(made, "b"),
            "Task Instance Slots Available: 1 task instances are active, which is the max_active_tasks of 1");
}

TEST_F(Explain, WithoutAFreeAgentItSaysSo) {
  DagBuilder dag;
  dag.task("a");
  scheduler_.set_free_slots(0);
  EXPECT_EQ(only(run(dag), "a"), "Agent Slots Available: no agent has a free slot, or none is connected");
}

TEST_F(Explain, ARetryIsNamedWithItsTime) {
  DagBuilder dag;
  dag.task("a").retries = 1;
  DagRun& made = run(dag);
  report(made, "a", Outcome::up_for_retry);
  EXPECT_EQ(only(made, "a"), "Not In Retry Period: it is tried again at 2026-01-01T00:05:00Z");
}

TEST_F(Explain, ARunBeyondMaxActiveRunsWaitsForItsTurn) {
  DagBuilder dag;
  dag.task("a");
  dag.properties().max_active_runs = 1;
  run(dag, "first");
  now_ += 1s;
  const std::string why_not = only(run(dag, "second"), "a");
  EXPECT_TRUE(why_not.starts_with("Dagrun Running: the run waits for its turn: 1 runs")) << why_not;
}

TEST_F(Explain, ATaskThatDependsOnThePastSaysThatTheRunBeforeFailed) {
  DagBuilder dag;
  dag.task("a").depends_on_past = true;
  report(run(dag, "first"), "a", Outcome::failed);
  now_ += 1s;
  EXPECT_EQ(only(run(dag, "second"), "a"),
            "Previous Dagrun State: depends_on_past: the task did not succeed in the run before");
}

TEST_F(Explain, WhatRunsOrHasEndedIsNotHeldBack) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b");
  DagRun& made = run(dag);
  scheduler_.attempt_started(attempt(made, "a"), now_);
  EXPECT_TRUE(why(made, "a").empty());
  report(made, "a", Outcome::success);
  EXPECT_TRUE(why(made, "a").empty());
}

}  // namespace
}  // namespace leoflow::scheduler
