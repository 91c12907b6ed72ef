#include <fmt/format.h>
#include <random>

#include "dag/graph_order.hpp"
#include "dag/timetable_trigger.hpp"
#include "scheduler/retry.hpp"
#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

TEST_F(SchedulerTest, AChainRunsInOrderAndTheRunSucceeds) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"});
  DagRun& r = run(dag);
  EXPECT_EQ(state(r, "a"), TaskState::queued);
  EXPECT_EQ(state(r, "b"), TaskState::none);
  report(r, "a", Outcome::success);
  EXPECT_EQ(state(r, "b"), TaskState::queued);
  EXPECT_EQ(r.state, RunState::running);
  report(r, "b", Outcome::success);
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(SchedulerTest, AFailureFailsWhatIsBelowAndTheRun) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"});
  dag.task("cleanup", {"b"}).trigger_rule = dag::TriggerRule::all_done;
  DagRun& r = run(dag);
  report(r, "a", Outcome::failed);
  EXPECT_EQ(state(r, "b"), TaskState::upstream_failed);
  EXPECT_EQ(state(r, "cleanup"), TaskState::queued);
  report(r, "cleanup", Outcome::success);
  // Only the leaves decide, as in Airflow.
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(SchedulerTest, EmptyTasksEndInsideTheEngine) {
  DagBuilder dag;
  dag.task("a").runs_in_engine = true;
  dag.task("b", {"a"}).runs_in_engine = true;
  DagRun& r = run(dag);
  EXPECT_EQ(r.state, RunState::success);
  EXPECT_EQ(r.find("b", -1)->try_number, 1);
}

TEST_F(SchedulerTest, ARetryWaitsForItsDelayAndIsANewAttempt) {
  DagBuilder dag;
  dag::Task& a = dag.task("a");
  a.retries = 1;
  a.retry_delay = 60s;
  DagRun& r = run(dag);
  const Uuid first = attempt(r, "a");
  scheduler_.attempt_started(first, now_);
  ASSERT_TRUE(scheduler_.attempt_lost(first, "lost", now_));
  ASSERT_EQ(scheduler_.changes().past_tries.size(), 1U);
  EXPECT_EQ(scheduler_.changes().past_tries[0].state, TaskState::failed);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::up_for_retry);
  EXPECT_NE(attempt(r, "a"), first);
  EXPECT_EQ(scheduler_.next_due(), now_ + 60s);
  EXPECT_FALSE(scheduler_.attempt_reported(first, Outcome::success, now_)) << "a late report of an old try";

  now_ += 60s;
  scheduler_.tick(now_);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::queued);
  EXPECT_EQ(r.find("a", -1)->try_number, 2);
  scheduler_.attempt_started(attempt(r, "a"), now_);
  EXPECT_TRUE(scheduler_.attempt_lost(attempt(r, "a"), "lost", now_));
  EXPECT_EQ(state(r, "a"), TaskState::failed);
  EXPECT_EQ(r.state, RunState::failed);
}

TEST_F(SchedulerTest, BackoffGrowsAndIsCapped) {
  dag::Task task;
  task.task_id = "t";
  task.retry_delay = 10s;
  task.retry_backoff = 2;
  for (int attempt = 1; attempt < 8; ++attempt) {
    const Duration least = 10s * (1 << (attempt - 1));
    const Duration delay = retry_delay("d", task, kStart, attempt);
    EXPECT_GE(delay, least);
    EXPECT_LT(delay, 2 * least);
    EXPECT_EQ(delay, retry_delay("d", task, kStart, attempt)) << "the same every time";
  }
  task.max_retry_delay = 15s;
  EXPECT_EQ(retry_delay("d", task, kStart, 7), 15s);
  EXPECT_LE(retry_delay("d", task, kStart, 2000), 24h);
}

TEST_F(SchedulerTest, MaxActiveTasksHoldsBackOnlyItsOwnRun) {
  DagBuilder dag;
  for (int i = 0; i < 5; ++i) dag.task(fmt::format("t{}", i));
  dag.properties().max_active_tasks = 2;
  DagRun& first = run(dag, "r1");
  DagRun& second = run(dag, "r2");
  EXPECT_EQ(first.gate.active, 2U);
  EXPECT_EQ(second.gate.active, 2U);
  report(first, "t0", Outcome::success);
  EXPECT_EQ(first.gate.active, 2U);
  EXPECT_EQ(state(first, "t2"), TaskState::queued);
}

TEST_F(SchedulerTest, PoolsLimitAndThePriorityDecides) {
  DagBuilder dag;
  dag.task("low");
  dag.task("high").priority_weight = 10;
  for (auto& task : dag.properties().tasks) task.pool = "small";
  dag.task("other");
  scheduler_.put_pool("small", 1, false);
  DagRun& r = run(dag);
  EXPECT_EQ(state(r, "high"), TaskState::queued);
  EXPECT_EQ(state(r, "low"), TaskState::scheduled);
  EXPECT_EQ(state(r, "other"), TaskState::queued);
  report(r, "high", Outcome::success);
  EXPECT_EQ(state(r, "low"), TaskState::queued);
}

TEST_F(SchedulerTest, ATaskThatNeedsMoreSlotsDoesNotBlockSmallerOnes) {
  DagBuilder dag;
  dag.task("running").priority_weight = 20;
  dag::Task& big = dag.task("big");
  big.pool_slots = 2;
  big.priority_weight = 10;
  dag.task("small");
  scheduler_.put_pool("default_pool", 2, false);
  DagRun& r = run(dag);
  EXPECT_EQ(state(r, "big"), TaskState::scheduled);
  EXPECT_EQ(state(r, "small"), TaskState::queued);
}

TEST_F(SchedulerTest, ATasksLimitCountsInAllRunsOfItsDag) {
  DagBuilder dag;
  dag.task("a").max_active_tis_per_dag = 1;
  dag.task("b");
  DagRun& first = run(dag, "r1");
  DagRun& second = run(dag, "r2");
  DagRun& third = run(dag, "r3");
  EXPECT_EQ(state(first, "a"), TaskState::queued);
  EXPECT_EQ(state(second, "a"), TaskState::scheduled);
  EXPECT_EQ(state(second, "b"), TaskState::queued);
  report(first, "a", Outcome::success);
  EXPECT_EQ(state(second, "a"), TaskState::queued);
  EXPECT_EQ(state(third, "a"), TaskState::scheduled);
  ASSERT_TRUE(scheduler_.mark_tasks(third, {{"a", -1}}, TaskState::skipped, now_));
  report(second, "a", Outcome::success);
  EXPECT_EQ(state(third, "a"), TaskState::skipped) << "what was taken out of the queue does not start";
}

TEST_F(SchedulerTest, ATasksLimitIsNotUsedUpByARunThatCannotStartIt) {
  DagBuilder dag;
  dag.task("long").priority_weight = 10;
  dag.task("limited").max_active_tis_per_dag = 1;
  dag.properties().max_active_tasks = 1;
  DagRun& first = run(dag, "r1");
  ASSERT_EQ(state(first, "long"), TaskState::queued);
  DagRun& second = run(dag, "r2");
  report(second, "long", Outcome::success);
  EXPECT_EQ(state(first, "limited"), TaskState::scheduled);
  EXPECT_EQ(state(second, "limited"), TaskState::queued);
}

TEST_F(SchedulerTest, ATaskWhosePoolIsFullLeavesTheOneActivePlaceOfItsRunToOthers) {
  DagBuilder dag;
  dag.task("running").priority_weight = 20;
  dag::Task& elsewhere = dag.task("elsewhere");
  elsewhere.pool = "full";
  elsewhere.priority_weight = 10;
  dag.task("here");
  dag.properties().max_active_tasks = 1;
  scheduler_.put_pool("full", 0, false);
  DagRun& r = run(dag);
  ASSERT_EQ(state(r, "running"), TaskState::queued);
  report(r, "running", Outcome::success);
  EXPECT_EQ(state(r, "elsewhere"), TaskState::scheduled);
  EXPECT_EQ(state(r, "here"), TaskState::queued);
  scheduler_.put_pool("full", 1, false);
  step();
  EXPECT_EQ(state(r, "elsewhere"), TaskState::scheduled) << "the place is taken";
  report(r, "here", Outcome::success);
  EXPECT_EQ(state(r, "elsewhere"), TaskState::queued);
}

TEST_F(SchedulerTest, ATaskThatNeedsMoreSlotsLeavesTheOneActivePlaceOfItsRunToSmallerOnes) {
  DagBuilder dag;
  dag.task("running").priority_weight = 20;
  dag::Task& big = dag.task("big");
  big.pool_slots = 3;
  big.priority_weight = 10;
  dag.task("small");
  dag.properties().max_active_tasks = 1;
  scheduler_.put_pool("default_pool", 2, false);
  DagRun& r = run(dag);
  report(r, "running", Outcome::success);
  EXPECT_EQ(state(r, "big"), TaskState::scheduled);
  EXPECT_EQ(state(r, "small"), TaskState::queued);
}

TEST_F(SchedulerTest, WhatALimitLetsThroughToAnotherPoolIsNotForgotten) {
  DagBuilder dag;
  dag.task("long").priority_weight = 10;
  dag.task("limited").max_active_tis_per_dag = 1;
  dag.properties().max_active_tasks = 1;
  DagRun& first = run(dag, "r1");
  DagBuilder moved;
  moved.task("long").priority_weight = 10;
  dag::Task& limited = moved.task("limited");
  limited.max_active_tis_per_dag = 1;
  limited.pool = "other";
  moved.properties().max_active_tasks = 1;
  scheduler_.put_pool("other", 1, false);
  scheduler_.put_dag("d", "v2", moved.build(), false, std::nullopt, now_);
  DagRun& second = run(moved, "r2");
  DagRun& third = run(moved, "r3");
  report(second, "long", Outcome::success);
  report(third, "long", Outcome::success);
  ASSERT_EQ(state(second, "limited"), TaskState::queued);
  report(second, "limited", Outcome::success);
  EXPECT_EQ(state(first, "limited"), TaskState::scheduled) << "its run has no place for it";
  EXPECT_EQ(state(third, "limited"), TaskState::queued);
}

TEST_F(SchedulerTest, WhoWaitsForALimitGoesOnWhenTheOneBeforeIsTakenOut) {
  DagBuilder dag;
  dag.task("a").max_active_tis_per_dag = 1;
  dag.task("blocker").pool = "small";
  scheduler_.put_pool("small", 1, false);
  for (auto& task : dag.properties().tasks) task.pool = "small";
  DagRun& first = run(dag, "r1");
  DagRun& second = run(dag, "r2");
  DagRun& third = run(dag, "r3");
  ASSERT_EQ(state(first, "a"), TaskState::queued);
  // "a" of the second run is let through by the limit and waits for the pool.
  scheduler_.attempt_started(attempt(first, "a"), now_);
  ASSERT_TRUE(scheduler_.attempt_reported(attempt(first, "a"), Outcome::success, now_));
  ASSERT_TRUE(scheduler_.mark_tasks(second, {{"a", -1}}, TaskState::skipped, now_));
  for (DagRun* each : {&first, &second, &third}) {
    ASSERT_TRUE(scheduler_.mark_tasks(*each, {{"blocker", -1}}, TaskState::skipped, now_));
  }
  step();
  EXPECT_EQ(state(third, "a"), TaskState::queued);
}

TEST_F(SchedulerTest, ATryThatDidNotBeginIsNotInTheHistory) {
  DagBuilder dag;
  dag::Task& a = dag.task("a");
  a.retries = 1;
  a.retry_delay = 1s;
  DagRun& r = run(dag);
  report(r, "a", Outcome::up_for_retry);
  scheduler_.set_free_slots(0);
  now_ += 1s;
  scheduler_.tick(now_);
  ASSERT_EQ(state(r, "a"), TaskState::scheduled);
  ASSERT_TRUE(scheduler_.clear(r, {{"a", -1}}, true, now_));
  EXPECT_TRUE(scheduler_.changes().past_tries.empty());
  EXPECT_EQ(r.find("a", -1)->try_number, 2) << "the number of the try that is scheduled now";
}

TEST_F(SchedulerTest, NoSlotsNoDispatch) {
  scheduler_.set_free_slots(1);
  DagBuilder dag;
  dag.task("a");
  dag.task("b");
  DagRun& r = run(dag);
  EXPECT_EQ(r.gate.active, 1U);
}

TEST_F(SchedulerTest, MaxActiveRunsQueuesTheRest) {
  DagBuilder dag;
  dag.task("a");
  dag.properties().max_active_runs = 1;
  DagRun& first = run(dag, "r1");
  DagRun& second = run(dag, "r2");
  EXPECT_EQ(second.state, RunState::queued);
  report(first, "a", Outcome::success);
  EXPECT_EQ(second.state, RunState::running);
}

TEST_F(SchedulerTest, APausedDagStartsNothingAndGoesOnWhenUnpaused) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"});
  DagRun& r = run(dag);
  ASSERT_TRUE(scheduler_.set_paused("d", true, now_));
  report(r, "a", Outcome::success);
  EXPECT_EQ(state(r, "b"), TaskState::none);
  DagRun& waiting = run(dag, "r2");
  EXPECT_EQ(waiting.state, RunState::queued);
  ASSERT_TRUE(scheduler_.set_paused("d", false, now_));
  step();
  EXPECT_EQ(state(r, "b"), TaskState::queued);
  EXPECT_EQ(waiting.state, RunState::running);
}

TEST_F(SchedulerTest, ClearingRunsATaskAgainAndTheRunWithIt) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"});
  DagRun& r = run(dag);
  report(r, "a", Outcome::success);
  report(r, "b", Outcome::failed);
  ASSERT_EQ(r.state, RunState::failed);
  ASSERT_TRUE(scheduler_.clear(r, {{"b", -1}}, true, now_));
  step();
  EXPECT_EQ(r.state, RunState::running);
  EXPECT_EQ(r.clear_number, 1);
  EXPECT_EQ(state(r, "b"), TaskState::queued);
  EXPECT_EQ(r.find("b", -1)->try_number, 2);
  report(r, "b", Outcome::success);
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(SchedulerTest, ClearingARunningTaskStopsItFirst) {
  DagBuilder dag;
  dag.task("a");
  DagRun& r = run(dag);
  const Uuid first = attempt(r, "a");
  scheduler_.attempt_started(first, now_);
  ASSERT_TRUE(scheduler_.clear(r, {{"a", -1}}, true, now_));
  EXPECT_EQ(state(r, "a"), TaskState::restarting);
  ASSERT_EQ(scheduler_.changes().stop.size(), 1U);
  EXPECT_EQ(scheduler_.changes().stop[0].attempt_id, first);
  step();
  ASSERT_TRUE(scheduler_.attempt_lost(first, "lost", now_));
  step();
  EXPECT_EQ(state(r, "a"), TaskState::queued);
  EXPECT_NE(attempt(r, "a"), first);
}

TEST_F(SchedulerTest, ATaskThatIsClearedAndThenRefusedByItsAgentRunsAnew) {
  DagBuilder dag;
  dag.task("a");
  DagRun& r = run(dag);
  const Uuid first = attempt(r, "a");
  ASSERT_TRUE(scheduler_.clear(r, {{"a", -1}}, true, now_));
  step();
  ASSERT_EQ(state(r, "a"), TaskState::restarting);
  scheduler_.attempt_refused(first, now_);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::queued);
  EXPECT_NE(attempt(r, "a"), first);
  EXPECT_EQ(r.find("a", -1)->try_number, 1) << "the first try never began";
}

TEST_F(SchedulerTest, ClearingAnUnknownTaskChangesNothing) {
  DagBuilder dag;
  dag.task("a");
  DagRun& r = run(dag);
  report(r, "a", Outcome::success);
  EXPECT_FALSE(scheduler_.clear(r, {{"a", -1}, {"nobody", -1}}, true, now_));
  EXPECT_EQ(state(r, "a"), TaskState::success);
}

TEST_F(SchedulerTest, MarkingSuccessRevivesWhatFailedBelow) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"});
  DagRun& r = run(dag);
  report(r, "a", Outcome::failed);
  ASSERT_EQ(r.state, RunState::failed);
  ASSERT_TRUE(scheduler_.mark_tasks(r, {{"a", -1}}, TaskState::success, now_));
  step();
  EXPECT_EQ(r.state, RunState::running);
  EXPECT_EQ(state(r, "b"), TaskState::queued);
}

TEST_F(SchedulerTest, MarkingARunFailedStopsWhatRunsAndSkipsTheRest) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"});
  DagRun& r = run(dag);
  scheduler_.attempt_started(attempt(r, "a"), now_);
  scheduler_.mark_run(r, RunState::failed, now_);
  EXPECT_EQ(scheduler_.changes().stop.size(), 1U);
  EXPECT_EQ(state(r, "a"), TaskState::failed);
  EXPECT_EQ(state(r, "b"), TaskState::skipped);
  EXPECT_EQ(r.state, RunState::failed);
  EXPECT_TRUE(scheduler_.active_attempts().all.empty());
}

TEST_F(SchedulerTest, SkippedDownstreamIsPassedOn) {
  DagBuilder dag;
  dag.task("branch");
  dag.task("left", {"branch"});
  dag.task("right", {"branch"});
  dag.task("below", {"left"});
  dag.task("join", {"below", "right"}).trigger_rule = dag::TriggerRule::none_failed_min_one_success;
  DagRun& r = run(dag);
  scheduler_.attempt_started(attempt(r, "branch"), now_);
  ASSERT_TRUE(scheduler_.skip_downstream(attempt(r, "branch"), {{"left", -1}}, now_));
  report(r, "branch", Outcome::success);
  EXPECT_EQ(state(r, "below"), TaskState::skipped);
  report(r, "right", Outcome::success);
  report(r, "join", Outcome::success);
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(SchedulerTest, ScheduledRunsComeWhenDueAndNotTwice) {
  DagBuilder dag;
  dag.task("a").runs_in_engine = true;
  dag.properties().timetable = std::make_shared<dag::CronTriggerTimetable>(
      dag::CronBoundaries(*dag::Cron::parse("0 * * * *"), dag::TimeZone::utc()), dag::Delta{},
      dag::RunImmediately{});
  dag.properties().start_date = kStart;
  dag.properties().catchup = true;
  now_ = kStart + 150min;
  scheduler_.put_dag("d", "v1", dag.build(), false, std::nullopt, now_);
  scheduler_.tick(now_);
  std::vector<std::string> ids;
  for (const DagRun* created : scheduler_.changes().created) ids.push_back(created->run_id);
  EXPECT_EQ(ids, (std::vector<std::string>{"scheduled__2026-01-01T00:00:00+00:00",
                                           "scheduled__2026-01-01T01:00:00+00:00",
                                           "scheduled__2026-01-01T02:00:00+00:00"}));
  step();
  scheduler_.tick(now_);
  EXPECT_TRUE(scheduler_.changes().created.empty());
  EXPECT_EQ(scheduler_.next_due(), kStart + 3h);
}

TEST_F(SchedulerTest, ADagThatHasRunOftenIsAwaitedByNoMoreTimersThanANewOne) {
  DagBuilder dag;
  dag.task("a");
  dag.properties().timetable = std::make_shared<dag::CronTriggerTimetable>(
      dag::CronBoundaries(*dag::Cron::parse("0 * * * *"), dag::TimeZone::utc()), dag::Delta{},
      dag::RunImmediately{});
  dag.properties().start_date = kStart;
  scheduler_.put_dag("d", "v1", dag.build(), false, std::nullopt, now_);
  for (int hours = 0; hours < 50; ++hours) {
    now_ += 1h;
    scheduler_.tick(now_);
    step();
    std::vector<DagRun*> ended;
    for (const auto& [run_id, run] : scheduler_.find_dag("d")->runs) {
      if (run->state == RunState::running) ended.push_back(run.get());
    }
    for (DagRun* run : ended) report(*run, "a", Outcome::success);
  }
  EXPECT_GE(scheduler_.find_dag("d")->runs.size(), 50U);
  EXPECT_LE(scheduler_.timers(), 2U);
}

TEST_F(SchedulerTest, ARunThatWaitsTakesNoPlaceOfOneThatRunsAfterARestart) {
  DagBuilder dag;
  dag.task("a");
  dag.properties().max_active_runs = 1;
  const auto graph = dag.build();
  scheduler_.put_dag("d", "v1", graph, false, std::nullopt, now_);
  const auto adopt = [&](const std::string& run_id, RunState state, Time run_after) {
    DagRun stored;
    stored.run_id = run_id;
    stored.graph = graph;
    stored.state = state;
    stored.run_after = run_after;
    stored.tasks.resize(1);
    stored.tasks[0].id.bytes[0] = static_cast<std::uint8_t>(run_id[0]);
    return scheduler_.adopt_run("d", std::move(stored), now_);
  };
  // In the order of their dates: the first was cleared while the second ran.
  const DagRun* waits = adopt("first", RunState::queued, now_ - 2h);
  adopt("second", RunState::running, now_ - 1h);
  scheduler_.tick(now_);
  EXPECT_EQ(waits->state, RunState::queued);
}

TEST_F(SchedulerTest, YearsOfCatchingUpComeInPortions) {
  DagBuilder dag;
  dag.task("a").runs_in_engine = true;
  dag.properties().timetable = std::make_shared<dag::CronTriggerTimetable>(
      dag::CronBoundaries(*dag::Cron::parse("0 * * * *"), dag::TimeZone::utc()), dag::Delta{},
      dag::RunImmediately{});
  dag.properties().start_date = kStart;
  dag.properties().catchup = true;
  now_ = kStart + 2000h;
  scheduler_.put_dag("d", "v1", dag.build(), false, std::nullopt, now_);
  std::size_t created = 0;
  for (int round = 0; round < 50 && scheduler_.next_due() <= now_; ++round) {
    scheduler_.tick(now_);
    EXPECT_LE(scheduler_.changes().created.size(), 200U);
    created += scheduler_.changes().created.size();
    step();
    scheduler_.sweep();
    now_ += Duration{1};
  }
  EXPECT_EQ(created, 2001U);
}

TEST_F(SchedulerTest, ADeletedRunLeavesNoTrace) {
  scheduler_.put_pool("default_pool", 1, false);
  DagBuilder dag;
  dag.task("a");
  dag.task("b");
  run(dag, "r1");
  DagRun& second = run(dag, "r2");
  EXPECT_EQ(second.gate.active, 0U);
  ASSERT_TRUE(scheduler_.delete_run("d", "r1"));
  EXPECT_EQ(scheduler_.changes().stop.size(), 1U);
  EXPECT_TRUE(scheduler_.changes().tasks.empty());
  scheduler_.sweep();
  step();
  EXPECT_EQ(scheduler_.find_run("d", "r1"), nullptr);
  EXPECT_EQ(second.gate.active, 1U) << "its slots are free for others";
}

TEST_F(SchedulerTest, ARunTakenOverAfterARestartGoesOnWhereItWas) {
  DagBuilder dag;
  dag.task("a");
  dag.task("b", {"a"}).retries = 1;
  dag.task("c", {"b"});
  const auto graph = dag.build();
  scheduler_.put_dag("d", "v1", graph, false, std::nullopt, now_);
  DagRun stored;
  stored.run_id = "r";
  stored.graph = graph;
  stored.state = RunState::running;
  stored.run_after = now_;
  stored.tasks.resize(3);
  for (TaskIndex i = 0; i < 3; ++i) {
    stored.tasks[i].task = i;
    stored.tasks[i].id.bytes[0] = static_cast<std::uint8_t>(i + 1);
  }
  stored.tasks[0].state = TaskState::success;
  stored.tasks[1].state = TaskState::running;
  stored.tasks[1].try_number = 1;
  stored.tasks[1].max_tries = 1;
  DagRun* r = scheduler_.adopt_run("d", std::move(stored), now_);
  ASSERT_NE(r, nullptr);
  step();
  EXPECT_EQ(scheduler_.active_attempts().all.size(), 1U);
  report(*r, "b", Outcome::success);
  EXPECT_EQ(state(*r, "c"), TaskState::queued);
}

/// Random graphs, random outcomes, random accidents; what must hold always, holds.
TEST_F(SchedulerTest, RandomRunsAlwaysEndAndNeverBreakTheRules) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    DagBuilder builder;
    const int size = 1 + pick(12);
    for (int i = 0; i < size; ++i) {
      std::vector<std::string> upstream;
      for (int j = 0; j < i; ++j) {
        if (pick(3) == 0) upstream.push_back(fmt::format("t{}", j));
      }
      dag::Task& task = builder.task(fmt::format("t{}", i), upstream);
      task.trigger_rule = static_cast<dag::TriggerRule>(pick(13));
      task.retries = pick(3);
      task.retry_delay = 1s;
      task.runs_in_engine = pick(6) == 0;
      if (pick(6) == 0) task.max_active_tis_per_dagrun = 1;
      if (pick(8) == 0) task.mapped_group = 0;
      if (pick(4) > 0 || task.mapped_group) continue;
      // Over a list of the file, or over what something upstream returns.
      dag::MapLength length{.count = static_cast<std::uint32_t>(pick(4))};
      if (upstream.empty() || pick(2) == 0) {
        task.expansion = dag::Expansion{{length}, {}};
        continue;
      }
      length.kind = dag::MapLength::Kind::xcom;
      length.task = *builder.properties().find_task(upstream[0]);
      task.expansion = dag::Expansion{{length}, {length.task}};
      builder.properties().tasks[length.task].feeds_expansion = true;
    }
    builder.properties().mapped_groups.push_back(
        {"g", std::nullopt, {{{.count = static_cast<std::uint32_t>(pick(4))}}, {}}});
    builder.properties().max_active_tasks = 1 + pick(4);
    const auto graph = builder.build();
    Scheduler scheduler([this](Time) {
      Uuid id;
      ++ids_;
      for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(ids_ >> (8 * i));
      return id;
    });
    const int slots = 1 + pick(3);
    scheduler.put_pool("default_pool", slots, false);
    scheduler.put_dag("d", "v", graph, false, std::nullopt, now_);
    NewRun request;
    request.run_id = "r";
    request.run_after = now_;
    DagRun& r = **scheduler.create_run("d", request, now_);
    int steps = 0;
    while (!is_finished(r.state)) {
      ASSERT_LT(++steps, 2000) << "seed " << seed << " does not end";
      scheduler.set_free_slots(10);
      scheduler.dispatch(now_);
      const auto attempts = scheduler.active_attempts().all;
      ASSERT_LE(attempts.size(), static_cast<std::size_t>(std::min(slots, graph->max_active_tasks)));
      if (attempts.empty()) {
        ASSERT_TRUE(scheduler.next_due()) << "seed " << seed << " is stuck";
        now_ = std::max(now_, *scheduler.next_due());
        scheduler.tick(now_);
        continue;
      }
      const Uuid attempt = attempts[static_cast<std::size_t>(pick(static_cast<int>(attempts.size())))];
      switch (pick(8)) {
        case 0:
          scheduler.attempt_lost(attempt, "lost", now_);
          break;
        case 1:
          scheduler.attempt_refused(attempt, now_);
          break;
        case 2:
          scheduler.attempt_reported(attempt, Outcome::failed, now_);
          break;
        case 3:
          scheduler.attempt_reported(attempt, Outcome::skipped, now_);
          break;
        case 4:
          scheduler.attempt_started(attempt, now_);
          break;
        case 5:
          if (pick(4) == 0) {
            ASSERT_TRUE(scheduler.clear(r, {{"t0", r.tasks[0].map_index}}, true, now_));
          }
          break;
        default:
          scheduler.note_pushed(attempt, {.map_length = pick(4), .skips = {}});
          scheduler.attempt_reported(attempt, Outcome::success, now_);
          break;
      }
    }
    EXPECT_EQ(r.unfinished == 0 || r.pending == 0, true);
    EXPECT_EQ(r.gate.active, 0U);
    DagRun counted = r;
    counted.index();
    for (TaskIndex i = 0; i < graph->tasks.size(); ++i) {
      EXPECT_EQ(r.families[i].upstream, counted.families[i].upstream) << "seed " << seed;
      EXPECT_EQ(r.families[i].own, counted.families[i].own) << "seed " << seed;
      EXPECT_EQ(r.families[i].mapped, counted.families[i].mapped) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace leoflow::scheduler
