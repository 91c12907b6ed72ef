#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

dag::MapLength literal(std::uint32_t count) {
  return {.kind = dag::MapLength::Kind::literal, .count = count};
}

class MappingTest : public SchedulerTest {
 protected:
  /// Makes a task mapped over what another returns.
  void map_over(const std::string& task, const std::string& source) {
    const TaskIndex from = *dag_.properties().find_task(source);
    dag::Task& mapped = dag_.properties().tasks[*dag_.properties().find_task(task)];
    mapped.expansion = dag::Expansion{{{.kind = dag::MapLength::Kind::xcom, .task = from}}, {from}};
    dag_.properties().tasks[from].feeds_expansion = true;
  }
  /// Puts tasks into a mapped group of three.
  void group_of_three(const std::vector<std::string>& tasks) {
    dag_.properties().mapped_groups.push_back({"g", std::nullopt, {{literal(3)}, {}}});
    for (const std::string& task : tasks) {
      dag_.properties().tasks[*dag_.properties().find_task(task)].mapped_group = 0;
    }
  }
  void returns(DagRun& run, const std::string& task, std::int32_t length, int map_index = -1) {
    scheduler_.note_pushed(run.find(task, map_index)->id, {.map_length = length, .skips = {}});
    end(run, task, map_index, Outcome::success);
  }
  void end(DagRun& run, const std::string& task, int map_index, Outcome outcome) {
    const Uuid id = run.find(task, map_index)->id;
    scheduler_.attempt_started(id, now_);
    EXPECT_TRUE(scheduler_.attempt_reported(id, outcome, now_)) << task << map_index;
    step();
  }
  TaskState state_of(DagRun& run, const std::string& task, int map_index) {
    const TaskInstance* ti = run.find(task, map_index);
    return ti == nullptr ? TaskState::removed : ti->state;
  }

  DagBuilder dag_;
};

TEST_F(MappingTest, ATaskMappedOverAListExpandsOnceTheListIsThere) {
  dag_.task("make");
  dag_.task("each", {"make"});
  dag_.task("total", {"each"});
  map_over("each", "make");
  DagRun& r = run(dag_);
  EXPECT_NE(r.find("each", -1), nullptr);
  returns(r, "make", 3);
  EXPECT_EQ(r.find("each", -1), nullptr);
  for (int k = 0; k < 3; ++k) EXPECT_EQ(state_of(r, "each", k), TaskState::queued) << k;
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(state(r, "total"), TaskState::none);
    end(r, "each", k, Outcome::success);
  }
  EXPECT_EQ(state(r, "total"), TaskState::queued);
  end(r, "total", -1, Outcome::success);
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(MappingTest, ALiteralListIsExpandedWhenTheRunIsMade) {
  dag_.task("each").expansion = dag::Expansion{{literal(2), literal(3)}, {}};
  DagRun& r = run(dag_);
  for (int k = 0; k < 6; ++k) EXPECT_EQ(state_of(r, "each", k), TaskState::queued) << k;
  EXPECT_EQ(r.tasks.size(), 6U);
}

TEST_F(MappingTest, AnEmptyListSkipsTheTaskAndWhatIsBelow) {
  dag_.task("make");
  dag_.task("each", {"make"});
  dag_.task("total", {"each"});
  map_over("each", "make");
  DagRun& r = run(dag_);
  returns(r, "make", 0);
  EXPECT_EQ(state(r, "each"), TaskState::skipped);
  EXPECT_EQ(state(r, "total"), TaskState::skipped);
  EXPECT_EQ(r.state, RunState::success);
}

TEST_F(MappingTest, WithoutAListTheTaskCountsAsUpstreamFailed) {
  dag_.task("make");
  dag_.task("each", {"make"}).trigger_rule = dag::TriggerRule::all_done;
  map_over("each", "make");
  DagRun& r = run(dag_);
  report(r, "make", Outcome::failed);
  EXPECT_EQ(state(r, "each"), TaskState::upstream_failed) << "whatever its trigger rule says";
}

TEST_F(MappingTest, AListOfWhatMappedTasksReturnedCountsThoseThatDid) {
  dag_.task("first").expansion = dag::Expansion{{literal(3)}, {}};
  dag_.task("second", {"first"});
  map_over("second", "first");
  DagRun& r = run(dag_);
  returns(r, "first", 0, 0);
  end(r, "first", 1, Outcome::success);
  EXPECT_NE(r.find("second", -1), nullptr);
  returns(r, "first", 0, 2);
  EXPECT_EQ(state_of(r, "second", 1), TaskState::queued);
  EXPECT_EQ(r.find("second", 2), nullptr);
}

TEST_F(MappingTest, InAMappedGroupEachInstanceFollowsItsOwn) {
  dag_.task("a");
  dag_.task("b", {"a"});
  dag_.task("after", {"b"}).trigger_rule = dag::TriggerRule::all_done;
  group_of_three({"a", "b"});
  DagRun& r = run(dag_);
  end(r, "a", 1, Outcome::success);
  EXPECT_EQ(state_of(r, "b", 1), TaskState::queued);
  EXPECT_EQ(state_of(r, "b", 0), TaskState::none);
  end(r, "a", 0, Outcome::failed);
  EXPECT_EQ(state_of(r, "b", 0), TaskState::upstream_failed);
  end(r, "a", 2, Outcome::skipped);
  EXPECT_EQ(state_of(r, "b", 2), TaskState::skipped);
  EXPECT_EQ(state(r, "after"), TaskState::none);
  end(r, "b", 1, Outcome::success);
  EXPECT_EQ(state(r, "after"), TaskState::queued);
}

TEST_F(MappingTest, AGroupMappedOverAnXcomExpandsTaskByTask) {
  dag_.task("make");
  dag_.task("a", {"make"});
  dag_.task("b", {"a"}).trigger_rule = dag::TriggerRule::one_success;
  dag_.properties().tasks[0].feeds_expansion = true;
  dag_.properties().mapped_groups.push_back(
      {"g", std::nullopt, {{{.kind = dag::MapLength::Kind::xcom, .task = 0}}, {0}}});
  for (const TaskIndex i : {1U, 2U}) dag_.properties().tasks[i].mapped_group = 0;
  DagRun& r = run(dag_);
  returns(r, "make", 2);
  EXPECT_EQ(state_of(r, "a", 1), TaskState::queued);
  EXPECT_EQ(state(r, "b"), TaskState::none) << "not skipped before it is expanded";
  end(r, "a", 0, Outcome::success);
  EXPECT_EQ(state_of(r, "b", 0), TaskState::queued);
  EXPECT_EQ(state_of(r, "b", 1), TaskState::none);
  end(r, "a", 1, Outcome::failed);
  EXPECT_EQ(state_of(r, "b", 1), TaskState::upstream_failed);
}

TEST_F(MappingTest, AShorterListAfterAClearRemovesWhatIsTooMuchAndALongerOneAdds) {
  dag_.task("make");
  dag_.task("each", {"make"});
  map_over("each", "make");
  DagRun& r = run(dag_);
  returns(r, "make", 3);
  for (int k = 0; k < 3; ++k) end(r, "each", k, Outcome::success);
  const std::vector<std::pair<std::string, int>> all = {{"make", -1}, {"each", 0}, {"each", 1}, {"each", 2}};
  ASSERT_TRUE(scheduler_.clear(r, all, true, now_));
  step();
  returns(r, "make", 1);
  EXPECT_EQ(state_of(r, "each", 0), TaskState::queued);
  EXPECT_EQ(state_of(r, "each", 1), TaskState::removed);
  end(r, "each", 0, Outcome::success);
  EXPECT_EQ(r.state, RunState::success);
  ASSERT_TRUE(scheduler_.clear(r, all, true, now_));
  step();
  returns(r, "make", 5);
  for (int k = 0; k < 5; ++k) EXPECT_EQ(state_of(r, "each", k), TaskState::queued) << k;
}

TEST_F(MappingTest, ABranchSkipsAMappedTaskByWhatItLeftBehind) {
  dag_.task("branch").can_skip_downstream = true;
  dag_.task("each", {"branch"}).expansion = dag::Expansion{{literal(2)}, {}};
  DagRun& r = run(dag_);
  const Uuid id = attempt(r, "branch");
  scheduler_.attempt_started(id, now_);
  scheduler_.note_pushed(id, {.map_length = {}, .skips = SkipDecision{true, {"other"}}});
  ASSERT_TRUE(scheduler_.skip_downstream(id, {{"each", -1}}, now_));
  EXPECT_EQ(state_of(r, "each", 0), TaskState::none);
  report(r, "branch", Outcome::success);
  EXPECT_EQ(state_of(r, "each", 0), TaskState::skipped);
  EXPECT_EQ(state_of(r, "each", 1), TaskState::skipped);
}

TEST_F(MappingTest, ATaskThatABranchLeftOutIsSkippedAgainWhenItAloneIsCleared) {
  dag_.task("branch").can_skip_downstream = true;
  dag_.task("left", {"branch"});
  dag_.task("right", {"branch"});
  DagRun& r = run(dag_);
  scheduler_.note_pushed(attempt(r, "branch"), {.map_length = {}, .skips = SkipDecision{true, {"right"}}});
  report(r, "branch", Outcome::success);
  EXPECT_EQ(state(r, "left"), TaskState::skipped);
  ASSERT_TRUE(scheduler_.clear(r, {{"left", -1}}, true, now_));
  step();
  EXPECT_EQ(state(r, "left"), TaskState::skipped);
}

TEST_F(MappingTest, TheLimitOfAMappedTaskIsKeptInEachRun) {
  dag::Task& each = dag_.task("each");
  each.expansion = dag::Expansion{{literal(3)}, {}};
  each.max_active_tis_per_dagrun = 1;
  DagRun& first = run(dag_, "r1");
  now_ += 1s;
  DagRun& second = run(dag_, "r2");
  EXPECT_EQ(first.gate.active, 1U);
  EXPECT_EQ(second.gate.active, 1U);
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(state_of(first, "each", k), TaskState::queued) << k;
    end(first, "each", k, Outcome::success);
  }
  EXPECT_EQ(first.state, RunState::success);
}

TEST_F(MappingTest, NewInstancesOfAStoredRunAreNotedAsSuch) {
  dag_.task("make");
  dag_.task("each", {"make"});
  map_over("each", "make");
  DagRun& r = run(dag_);
  scheduler_.note_pushed(attempt(r, "make"), {.map_length = 2, .skips = {}});
  scheduler_.attempt_reported(attempt(r, "make"), Outcome::success, now_);
  ASSERT_EQ(scheduler_.changes().expanded.size(), 1U);
  const NewInstances& added = scheduler_.changes().expanded[0];
  EXPECT_TRUE(added.was_unmapped);
  EXPECT_EQ(added.end - added.first, 1U);
}

}  // namespace
}  // namespace leoflow::scheduler
