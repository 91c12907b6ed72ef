#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

TEST_F(SchedulerTest, AReschedulingTaskGivesItsSlotBackAndGoesOnWithinItsTry) {
  DagBuilder dag;
  dag.task("sensor");
  DagRun& r = run(dag);
  const Uuid first = attempt(r, "sensor");
  scheduler_.attempt_started(first, now_);
  now_ += 1s;
  ASSERT_TRUE(scheduler_.attempt_rescheduled(first, now_ + 60s, now_));
  EXPECT_TRUE(scheduler_.changes().past_tries.empty()) << "it is still the same try";
  step();
  EXPECT_EQ(state(r, "sensor"), TaskState::up_for_reschedule);
  EXPECT_EQ(r.gate.active, 0U);
  EXPECT_FALSE(scheduler_.attempt_lost(first, "lost", now_)) << "its process ended after it said so";
  EXPECT_EQ(scheduler_.next_due(), now_ + 60s);

  now_ += 60s;
  scheduler_.tick(now_);
  step();
  const TaskInstance& ti = *r.find("sensor", -1);
  EXPECT_EQ(ti.state, TaskState::queued);
  EXPECT_NE(ti.id, first) << "an agent takes an attempt once";
  EXPECT_EQ(ti.try_number, 1);
  EXPECT_EQ(ti.reschedules, 1);
  EXPECT_EQ(ti.first_start, kStart);
  report(r, "sensor", Outcome::success);
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(SchedulerTest, ARetryAndAClearedTaskCountReschedulesAnew) {
  DagBuilder dag;
  dag::Task& sensor = dag.task("sensor");
  sensor.retries = 1;
  sensor.retry_delay = 10s;
  DagRun& r = run(dag);
  const auto reschedule = [&] {
    scheduler_.attempt_started(attempt(r, "sensor"), now_);
    ASSERT_TRUE(scheduler_.attempt_rescheduled(attempt(r, "sensor"), now_ + 60s, now_));
    now_ += 60s;
    scheduler_.tick(now_);
    step();
  };
  reschedule();
  report(r, "sensor", Outcome::up_for_retry);
  EXPECT_EQ(r.find("sensor", -1)->reschedules, 0);
  now_ += 10s;
  scheduler_.tick(now_);
  step();
  reschedule();
  EXPECT_EQ(r.find("sensor", -1)->reschedules, 1);
  EXPECT_EQ(r.find("sensor", -1)->try_number, 2);
  report(r, "sensor", Outcome::failed);
  ASSERT_TRUE(scheduler_.clear(r, {{"sensor", -1}}, true, now_));
  EXPECT_EQ(r.find("sensor", -1)->reschedules, 0);
}

TEST_F(SchedulerTest, ATryThatCouldNotBeginIsStartedAgainAFewTimesAtNoCostOfItsRetries) {
  scheduler_.set_start_retries({.most = 2, .delay = 10s});
  DagBuilder dag;
  dag::Task& task = dag.task("a");
  task.retries = 1;
  task.retry_delay = 5s;
  DagRun& r = run(dag);
  for (const Duration delay : {Duration(10s), Duration(20s)}) {
    const Uuid id = attempt(r, "a");
    ASSERT_TRUE(scheduler_.attempt_dropped(id, "no image", now_));
    step();
    EXPECT_EQ(state(r, "a"), TaskState::up_for_reschedule);
    const Time due = *scheduler_.next_due();
    EXPECT_GE(due, now_ + delay);
    EXPECT_LE(due, now_ + delay * 3 / 2) << "up to half of it is chance";
    now_ = due;
    scheduler_.tick(now_);
    step();
    EXPECT_EQ(state(r, "a"), TaskState::queued);
    EXPECT_NE(attempt(r, "a"), id);
    EXPECT_EQ(r.find("a", -1)->try_number, 1);
  }
  ASSERT_TRUE(scheduler_.attempt_dropped(attempt(r, "a"), "no image", now_));
  step();
  EXPECT_EQ(state(r, "a"), TaskState::up_for_retry) << "then it costs a retry";
  EXPECT_EQ(r.find("a", -1)->failed_starts, 0) << "the next try counts anew";
}

TEST_F(SchedulerTest, ATryThatHasBegunAndIsDroppedCostsARetry) {
  DagBuilder dag;
  dag.task("a");
  DagRun& r = run(dag);
  scheduler_.attempt_started(attempt(r, "a"), now_);
  ASSERT_TRUE(scheduler_.attempt_dropped(attempt(r, "a"), "evicted", now_));
  EXPECT_EQ(state(r, "a"), TaskState::failed);
  EXPECT_FALSE(scheduler_.attempt_dropped(new_uuid(now_), "evicted", now_)) << "nobody knows it";
}

}  // namespace
}  // namespace leoflow::scheduler
