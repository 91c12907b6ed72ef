#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

class DeferralTest : public SchedulerTest {
 protected:
  DagRun& deferred_run(const Deferral& deferral) {
    dag_.task("a");
    dag_.task("b", {"a"});
    DagRun& r = run(dag_);
    const Uuid id = attempt(r, "a");
    scheduler_.attempt_started(id, now_);
    now_ += 1s;
    EXPECT_TRUE(scheduler_.attempt_deferred(id, deferral, now_));
    return r;
  }
  DagBuilder dag_;
};

TEST_F(DeferralTest, ADeferredTaskHoldsNoSlotAndGoesOnInTheSameTry) {
  DagRun& r = deferred_run({});
  EXPECT_EQ(scheduler_.changes().start_triggers.size(), 1U);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::deferred);
  EXPECT_EQ(r.gate.active, 0U);
  EXPECT_EQ(r.state, RunState::running);
  const Uuid trigger = attempt(r, "a");
  now_ += 60s;
  ASSERT_TRUE(scheduler_.trigger_fired(trigger, now_));
  EXPECT_FALSE(scheduler_.trigger_fired(trigger, now_)) << "it fired already";
  step();
  const TaskInstance& ti = *r.find("a", -1);
  EXPECT_EQ(ti.state, TaskState::queued);
  EXPECT_TRUE(ti.resumes);
  EXPECT_EQ(ti.try_number, 1);
  report(r, "a", Outcome::success);
  EXPECT_EQ(ti.start_date, kStart) << "it began when it began";
  EXPECT_EQ(state(r, "b"), TaskState::queued);
}

TEST_F(DeferralTest, ATimeNeedsNoPython) {
  DagRun& r = deferred_run({.deadline = {}, .fires_at = now_ + 10s, .ends_task = false});
  EXPECT_TRUE(scheduler_.changes().start_triggers.empty());
  step();
  EXPECT_EQ(scheduler_.next_due(), kStart + 10s);
  now_ = kStart + 10s;
  scheduler_.tick(now_);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::queued);
}

TEST_F(DeferralTest, ATimeCanEndTheTask) {
  DagRun& r = deferred_run({.deadline = {}, .fires_at = now_, .ends_task = true});
  scheduler_.tick(now_);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::success);
  EXPECT_EQ(state(r, "b"), TaskState::queued);
}

TEST_F(DeferralTest, ATriggerThatTakesTooLongLetsTheTaskFailItself) {
  DagRun& r = deferred_run({.deadline = now_ + 5s, .fires_at = {}, .ends_task = false});
  step();
  now_ += 5s;
  scheduler_.tick(now_);
  ASSERT_EQ(scheduler_.changes().timed_out.size(), 1U);
  EXPECT_EQ(scheduler_.changes().stop_triggers.size(), 1U);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::queued);
}

TEST_F(DeferralTest, WhoeverEndsADeferredTaskStopsItsTrigger) {
  DagRun& r = deferred_run({});
  step();
  const Uuid trigger = attempt(r, "a");
  ASSERT_TRUE(scheduler_.mark_tasks(r, {{"a", -1}}, TaskState::success, now_));
  ASSERT_EQ(scheduler_.changes().stop_triggers.size(), 1U);
  EXPECT_EQ(scheduler_.changes().stop_triggers[0], trigger);
  EXPECT_FALSE(scheduler_.trigger_fired(trigger, now_));
}

TEST_F(DeferralTest, APoolMayCountDeferredTasks) {
  for (const bool counts : {false, true}) {
    scheduler_.put_pool("default_pool", 1, counts);
    DagBuilder dag;
    dag.properties().dag_id = counts ? "counts" : "does_not";
    dag.task("a");
    dag.task("c");
    scheduler_.put_dag(dag.properties().dag_id, "v", dag.build(), false, std::nullopt, now_);
    NewRun request;
    request.run_id = "r";
    request.run_after = now_;
    DagRun& r = *scheduler_.create_run(dag.properties().dag_id, request, now_).value();
    step();
    ASSERT_TRUE(scheduler_.attempt_deferred(attempt(r, "a"), {}, now_));
    step();
    EXPECT_EQ(state(r, "c"), counts ? TaskState::scheduled : TaskState::queued);
    scheduler_.mark_run(r, RunState::failed, now_);
    scheduler_.attempt_lost(attempt(r, "c"), "lost", now_);
    step();
  }
}

TEST_F(DeferralTest, ATaskThatStartsFromItsTriggerNeedsNoProcess) {
  dag::TriggerCall call;
  call.classpath = "airflow.providers.standard.triggers.temporal.DateTimeTrigger";
  call.kwargs = R"({"target_time": "2026-01-01T00:01:00+00:00", "end_from_trigger": true})";
  call.next_method = "execute_complete";
  dag_.task("a").start_trigger = std::make_shared<const dag::TriggerCall>(call);
  DagRun& r = run(dag_);
  EXPECT_EQ(state(r, "a"), TaskState::deferred);
  EXPECT_EQ(r.find("a", -1)->try_number, 1);
  now_ = kStart + 60s;
  scheduler_.tick(now_);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::success);
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(DeferralTest, ARefusedAttemptThatWasGoingOnStillGoesOn) {
  DagRun& r = deferred_run({});
  step();
  ASSERT_TRUE(scheduler_.trigger_fired(attempt(r, "a"), now_));
  step();
  scheduler_.attempt_refused(attempt(r, "a"), now_);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::queued);
  EXPECT_TRUE(r.find("a", -1)->resumes);
  EXPECT_EQ(r.find("a", -1)->try_number, 1);
}

TEST_F(DeferralTest, AClearedDeferredTaskStartsAnew) {
  DagRun& r = deferred_run({});
  step();
  ASSERT_TRUE(scheduler_.clear(r, {{"a", -1}}, true, now_));
  EXPECT_EQ(scheduler_.changes().past_tries.size(), 1U);
  EXPECT_EQ(scheduler_.changes().stop_triggers.size(), 1U);
  step();
  EXPECT_EQ(state(r, "a"), TaskState::queued);
  EXPECT_EQ(r.find("a", -1)->try_number, 2);
  EXPECT_FALSE(r.find("a", -1)->resumes);
}

TEST_F(DeferralTest, OneThatWaitsForAPersonNeedsNoTriggerAndNoPoolSlot) {
  scheduler_.put_pool("default_pool", 1, true);
  dag_.task("ask");
  dag_.task("other");
  DagRun& r = run(dag_);
  Deferral question;
  question.for_input = true;
  scheduler_.attempt_started(attempt(r, "ask"), now_);
  ASSERT_TRUE(scheduler_.attempt_deferred(attempt(r, "ask"), question, now_));
  EXPECT_EQ(state(r, "ask"), TaskState::awaiting_input);
  EXPECT_TRUE(scheduler_.changes().start_triggers.empty());
  step();
  EXPECT_EQ(state(r, "other"), TaskState::queued);
  ASSERT_TRUE(scheduler_.trigger_fired(attempt(r, "ask"), now_));
  EXPECT_EQ(state(r, "ask"), TaskState::scheduled);
  EXPECT_TRUE(r.find("ask", -1)->resumes);
}

TEST_F(DeferralTest, AnAnswerThatIsOverdueIsNoTriggerTimeout) {
  Deferral question;
  question.for_input = true;
  question.deadline = kStart + 60s;
  DagRun& r = deferred_run(question);
  step();
  now_ = kStart + 60s;
  scheduler_.tick(now_);
  EXPECT_EQ(scheduler_.changes().overdue_inputs.size(), 1U);
  EXPECT_TRUE(scheduler_.changes().timed_out.empty());
  EXPECT_EQ(state(r, "a"), TaskState::scheduled);
}

// Source: Airflow 3.3.2, ConcurrencyMap.
TEST_F(DeferralTest, ADeferredOneCountsForItsTasksLimitButNotForThatOfTheRun) {
  dag_.properties().max_active_tasks = 1;
  dag_.task("limited").max_active_tis_per_dag = 1;
  dag_.task("other");
  DagRun& first = run(dag_, "first");
  scheduler_.attempt_started(attempt(first, "limited"), now_);
  ASSERT_TRUE(scheduler_.attempt_deferred(attempt(first, "limited"), {}, now_));
  step();
  report(first, "other", Outcome::success);
  now_ += 1s;
  DagRun& second = run(dag_, "second");
  EXPECT_EQ(state(second, "limited"), TaskState::scheduled);
  report(second, "other", Outcome::success);
  EXPECT_EQ(state(second, "limited"), TaskState::scheduled)
      << "its turn comes when the first run's has ended";
  ASSERT_TRUE(scheduler_.trigger_fired(attempt(first, "limited"), now_));
  step();
  report(first, "limited", Outcome::success);
  EXPECT_EQ(state(second, "limited"), TaskState::queued);
}

}  // namespace
}  // namespace leoflow::scheduler
