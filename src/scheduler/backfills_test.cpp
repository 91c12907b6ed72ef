#include <fmt/format.h>

#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

class BackfillTest : public SchedulerTest {
 protected:
  BackfillTest() { dag_.task("a"); }

  void put_dag() { scheduler_.put_dag("d", "v1", dag_.build(), false, std::nullopt, now_); }
  DagRun& backfilled(std::int64_t ordinal) {
    NewRun request;
    request.type = RunType::backfill;
    request.run_id = fmt::format("b{}", ordinal);
    request.logical_date = now_ - ordinal * 24h;
    request.run_after = *request.logical_date;
    request.backfill = BackfillPlace{7, ordinal};
    return **scheduler_.create_run("d", std::move(request), now_);
  }
  std::string why(DagRun& run) { return scheduler_.explain(run.ref_to(run.tasks[0]))[0].reason; }

  DagBuilder dag_;
};

TEST_F(BackfillTest, ItsRunsStartInItsOrderAndUnderItsOwnLimit) {
  dag_.properties().max_active_runs = 1;
  DagRun& ordinary = run(dag_, "ordinary");
  scheduler_.put_backfill("d", {.id = 7, .max_active_runs = 2});
  // The later a run's ordinal the earlier its date: the ordinal decides.
  DagRun& third = backfilled(3);
  DagRun& first = backfilled(1);
  DagRun& second = backfilled(2);
  step();
  EXPECT_EQ(ordinary.state, RunState::running);
  EXPECT_EQ(third.state, RunState::running) << "it came when there was room";
  EXPECT_EQ(first.state, RunState::running);
  EXPECT_EQ(second.state, RunState::queued);
  EXPECT_EQ(why(second),
            "the run waits for its turn: 2 runs of backfill 7 are running, which is its max_active_runs");
  report(first, "a", Outcome::success);
  EXPECT_EQ(second.state, RunState::running);
}

TEST_F(BackfillTest, ItIsCompleteWithTheEndOfItsLastRun) {
  put_dag();
  scheduler_.put_backfill("d", {.id = 7, .max_active_runs = 2});
  DagRun& first = backfilled(1);
  DagRun& second = backfilled(2);
  step();
  report(first, "a", Outcome::failed);
  scheduler_.attempt_started(attempt(second, "a"), now_);
  ASSERT_TRUE(scheduler_.attempt_reported(attempt(second, "a"), Outcome::success, now_));
  EXPECT_EQ(scheduler_.changes().completed_backfills, std::vector<std::int64_t>{7});
  EXPECT_FALSE(scheduler_.find_dag("d")->backfill);
}

TEST_F(BackfillTest, WhilePausedNoRunStarts) {
  put_dag();
  scheduler_.put_backfill("d", {.id = 7, .max_active_runs = 2, .paused = true});
  DagRun& waiting = backfilled(1);
  step();
  EXPECT_EQ(waiting.state, RunState::queued);
  EXPECT_EQ(why(waiting), "backfill 7 is paused; unpause it");
  ASSERT_TRUE(scheduler_.pause_backfill("d", 7, false, now_));
  EXPECT_EQ(waiting.state, RunState::running);
  EXPECT_FALSE(scheduler_.pause_backfill("d", 8, true, now_)) << "there is none of that id";
}

TEST_F(BackfillTest, CancelledWhatWaitsFailsAndWhatRunsCountsAsAnyRun) {
  dag_.properties().max_active_runs = 1;
  put_dag();
  scheduler_.put_backfill("d", {.id = 7, .max_active_runs = 1});
  DagRun& running = backfilled(1);
  DagRun& waiting = backfilled(2);
  step();
  ASSERT_TRUE(scheduler_.cancel_backfill("d", 7, now_));
  EXPECT_EQ(waiting.state, RunState::failed);
  EXPECT_EQ(running.state, RunState::running);
  EXPECT_EQ(scheduler_.find_dag("d")->running, 1U);
  report(running, "a", Outcome::success);
  EXPECT_EQ(scheduler_.find_dag("d")->running, 0U);
}

TEST_F(BackfillTest, ARunThatEndedRunsAgainAsTheBackfills) {
  DagRun& old = run(dag_, "old");
  scheduler_.attempt_started(attempt(old, "a"), now_);
  ASSERT_TRUE(scheduler_.attempt_reported(attempt(old, "a"), Outcome::failed, now_));
  scheduler_.put_backfill("d", {.id = 7, .max_active_runs = 1});
  NewRun request;
  request.backfill = BackfillPlace{7, 1};
  request.triggered_by = "backfill";
  request.conf = "";
  ASSERT_TRUE(scheduler_.take_into_backfill(old, request, now_));
  EXPECT_EQ(old.state, RunState::running);
  EXPECT_EQ(old.type, RunType::backfill);
  EXPECT_EQ(old.conf, "{}");
  EXPECT_EQ(scheduler_.find_dag("d")->backfill->running, 1U);
  EXPECT_FALSE(scheduler_.take_into_backfill(old, request, now_)) << "it runs";
}

}  // namespace
}  // namespace leoflow::scheduler
