#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

/// A past that a test makes up.
class MadeUpPast : public Past {
 public:
  std::optional<PastRun> find_run(const std::string&, Time before, bool) override {
    ++questions;
    return run && run->logical_date < before ? run : std::nullopt;
  }
  bool has_task(const std::string&, const std::string&, Time) override { return has_prior; }

  std::optional<PastRun> run;
  bool has_prior = false;
  int questions = 0;
};

class PastTest : public SchedulerTest {
 protected:
  PastTest() { scheduler_.set_past(&past_); }

  /// A run a second after the one before.
  DagRun& next_run(DagBuilder& dag, const std::string& run_id) {
    now_ += 1s;
    return run(dag, run_id);
  }
  void tick() {
    scheduler_.tick(now_);
    step();
  }

  MadeUpPast past_;
};

TEST_F(PastTest, ATaskWaitsForItselfInTheRunBefore) {
  DagBuilder dag;
  dag.task("a").depends_on_past = true;
  dag.task("free");
  DagRun& first = next_run(dag, "r1");
  DagRun& second = next_run(dag, "r2");
  DagRun& third = next_run(dag, "r3");
  EXPECT_EQ(state(first, "a"), TaskState::queued);
  EXPECT_EQ(state(second, "a"), TaskState::none);
  EXPECT_EQ(state(second, "free"), TaskState::queued);
  report(second, "free", Outcome::success);
  EXPECT_EQ(second.state, RunState::running) << "waiting for the past is no deadlock";
  report(first, "a", Outcome::success);
  EXPECT_EQ(state(second, "a"), TaskState::queued);
  EXPECT_EQ(state(third, "a"), TaskState::none);
  report(second, "a", Outcome::skipped);
  EXPECT_EQ(state(third, "a"), TaskState::queued) << "skipped is good enough";
}

TEST_F(PastTest, AFailureHoldsTheNextRunUntilItIsMendedOrDeleted) {
  DagBuilder dag;
  dag.task("a").depends_on_past = true;
  DagRun& first = next_run(dag, "r1");
  DagRun& second = next_run(dag, "r2");
  DagRun& third = next_run(dag, "r3");
  report(first, "a", Outcome::failed);
  tick();
  EXPECT_EQ(state(second, "a"), TaskState::none);
  ASSERT_TRUE(scheduler_.mark_tasks(first, {{"a", -1}}, TaskState::success, now_));
  tick();
  EXPECT_EQ(state(second, "a"), TaskState::queued);
  ASSERT_TRUE(scheduler_.delete_run("d", "r2"));
  past_.run = PastRun{now_ - 1s, {{"a", {1, 1}}}};
  tick();
  EXPECT_EQ(state(third, "a"), TaskState::none) << "the store still has it";
  past_.run.reset();
  scheduler_.sweep();
  tick();
  EXPECT_EQ(state(third, "a"), TaskState::queued);
}

TEST_F(PastTest, TheOtherVersionOfTheRunBeforeDoesNotMatter) {
  DagBuilder before;
  before.task("a");
  DagRun& first = next_run(before, "r1");
  DagBuilder after;
  after.task("a").depends_on_past = true;
  scheduler_.put_dag("d", "v2", after.build(), false, std::nullopt, now_);
  DagRun& second = next_run(after, "r2");
  EXPECT_EQ(state(second, "a"), TaskState::none);
  report(first, "a", Outcome::success);
  EXPECT_EQ(state(second, "a"), TaskState::queued);
}

TEST_F(PastTest, WithCatchupARunLooksBackToTheScheduledOneBefore) {
  DagBuilder dag;
  dag.task("a").depends_on_past = true;
  dag.properties().catchup = true;
  scheduler_.put_dag("d", "v1", dag.build(), false, std::nullopt, now_);
  const auto make = [&](const std::string& run_id, RunType type) -> DagRun& {
    now_ += 1s;
    NewRun request;
    request.type = type;
    request.run_id = run_id;
    request.run_after = now_;
    request.logical_date = now_;
    DagRun* made = scheduler_.create_run("d", request, now_).value();
    step();
    return *made;
  };
  DagRun& first = make("s1", RunType::scheduled);
  DagRun& manual = make("m", RunType::manual);
  DagRun& second = make("s2", RunType::scheduled);
  EXPECT_EQ(state(second, "a"), TaskState::none);
  report(first, "a", Outcome::success);
  EXPECT_EQ(state(manual, "a"), TaskState::queued);
  EXPECT_EQ(state(second, "a"), TaskState::queued);
}

TEST_F(PastTest, WaitForDownstreamWaitsForWhatIsBelowToo) {
  DagBuilder dag;
  dag::Task& a = dag.task("a");
  a.depends_on_past = a.wait_for_downstream = true;
  dag.task("b", {"a"});
  DagRun& first = next_run(dag, "r1");
  DagRun& second = next_run(dag, "r2");
  report(first, "a", Outcome::success);
  EXPECT_EQ(state(second, "a"), TaskState::none);
  report(first, "b", Outcome::success);
  EXPECT_EQ(state(second, "a"), TaskState::queued);
}

TEST_F(PastTest, AStoredRunCountsAndIsAskedForOnce) {
  DagBuilder dag;
  dag.task("a").depends_on_past = true;
  dag.task("b").depends_on_past = true;
  past_.run = PastRun{kStart - 60s, {{"a", {1, 1}}, {"b", {1, 0}}}};
  DagRun& r = next_run(dag, "r1");
  EXPECT_EQ(state(r, "a"), TaskState::none);
  EXPECT_EQ(state(r, "b"), TaskState::queued);
  EXPECT_EQ(past_.questions, 1);
}

TEST_F(PastTest, ANewTaskWaitsForeverUnlessItIgnoresThatItIsTheFirst) {
  DagBuilder dag;
  dag::Task& fresh = dag.task("new");
  fresh.depends_on_past = fresh.ignore_first_depends_on_past = true;
  dag.task("strict").depends_on_past = true;
  past_.run = PastRun{kStart - 60s, {{"other", {1, 0}}}};
  DagRun& r = next_run(dag, "r1");
  EXPECT_EQ(state(r, "new"), TaskState::queued);
  EXPECT_EQ(state(r, "strict"), TaskState::none);
}

TEST_F(PastTest, ASkipMayHaveToWaitForThePast) {
  DagBuilder dag;
  dag.task("up");
  dag::Task& patient = dag.task("patient", {"up"});
  patient.depends_on_past = patient.wait_for_past_depends_before_skipping = true;
  past_.run = PastRun{kStart - 60s, {{"patient", {1, 1}}}};
  DagRun& r = next_run(dag, "r1");
  report(r, "up", Outcome::skipped);
  EXPECT_EQ(state(r, "patient"), TaskState::none);
  EXPECT_EQ(r.state, RunState::running);
}

TEST_F(PastTest, RunsWithoutTasksOfTheirOwnPassTheWordOn) {
  DagBuilder dag;
  dag.task("gate").depends_on_past = true;
  dag::Task& empty = dag.task("empty", {"gate"});
  empty.depends_on_past = true;
  empty.runs_in_engine = true;
  std::vector<DagRun*> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(&next_run(dag, "r" + std::to_string(i)));
  for (DagRun* each : runs) {
    report(*each, "gate", Outcome::success);
    tick();
    EXPECT_EQ(each->state, RunState::success);
  }
}

}  // namespace
}  // namespace leoflow::scheduler
