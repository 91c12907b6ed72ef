#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class ClearedRuns : public EngineTest {
 protected:
  static ClearTasks new_tasks_of(const std::string& run_id) {
    ClearTasks command;
    command.dag_id = "d";
    command.on_latest_version = true;
    command.runs = {run_id};
    return command;
  }
  /// A DAG whose runs are of the partitions that are asked for.
  void put_partitioned(const std::string& tasks) {
    ParsedFile file = file_with("d", tasks);
    file.serialized_dags[0].at("dag").as_object()["timetable"] =
        *parse_json(R"({"__type":"airflow.timetables.simple.PartitionedAtRuntime","__var":{}})");
    put(std::move(file));
  }
  std::string trigger_partition(const std::string& key) {
    TriggerRun command;
    command.dag_id = "d";
    command.partition_key = key;
    return engine_->trigger_run(command).value_or("");
  }
  std::string key_of(const std::string& run_id) {
    return one("SELECT partition_key FROM dag_run WHERE run_id = '" + run_id + "'");
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, ClearedRuns,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(ClearedRuns, ARunThatHasEndedTakesNewTasksAndKeepsTheOldOnes) {
  put(file_with("d", operator_json("a", "")));
  const std::string run_id = trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  put(file_with("d", operator_json("a", R"("b")") + "," + operator_json("b", "")));
  ASSERT_TRUE(engine_->clear_tasks(new_tasks_of(run_id)));
  const AttemptSpec added = runner_.next();
  EXPECT_EQ(added.task_id, "b");
  EXPECT_TRUE(runner_.idle()) << "what has run does not run again";
  EXPECT_TRUE(report(added, scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
  EXPECT_EQ(count("task_instance WHERE state = 'success'"), 2);
}

TEST_P(ClearedRuns, ARunWithATaskThatRunsTakesNoNewOnes) {
  put(file_with("d", operator_json("a", "")));
  const std::string run_id = trigger("d");
  runner_.next();
  put(file_with("d", operator_json("a", "") + "," + operator_json("b", "")));
  const auto refused = engine_->clear_tasks(new_tasks_of(run_id));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(count("task_instance"), 1);
}

TEST_P(ClearedRuns, ATaskThatWasTakenOutRunsAgainWhenItComesBack) {
  const std::string both = operator_json("a", "") + "," + operator_json("b", "");
  put(file_with("d", both));
  const std::string run_id = trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  const ClearTasks clear_b{.dag_id = "d", .tasks = {{run_id, "b", -1}}};
  put(file_with("d", operator_json("b", "")));
  ASSERT_TRUE(engine_->clear_tasks(clear_b));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'a'"), "removed");
  restart();
  put(file_with("d", both));
  ASSERT_TRUE(engine_->clear_tasks(clear_b));
  std::map<std::string, int> tries;
  for (int i = 0; i < 2; ++i) {
    const AttemptSpec attempt = runner_.next();
    tries[attempt.task_id] = attempt.try_number;
    EXPECT_TRUE(report(attempt, scheduler::Outcome::success));
  }
  EXPECT_EQ(tries, (std::map<std::string, int>{{"a", 2}, {"b", 3}}));
  EXPECT_EQ(count("task_instance WHERE state = 'success'"), 2);
}

TEST_P(ClearedRuns, ARunIsClearedThoughItsVersionLacksOneOfItsTasks) {
  put(file_with("d", operator_json("a", "") + "," + operator_json("b", "")));
  const std::string run_id = trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  put(file_with("d", operator_json("b", "")));
  const ClearTasks whole{.dag_id = "d", .tasks = {{run_id, "a", -1}, {run_id, "b", -1}}};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(engine_->clear_tasks(whole));
    EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
    restart();
  }
  EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
}

TEST_P(ClearedRuns, ATaskThatIsNotMappedAnyMoreIsReadAsItIsAndMayBeMappedAgain) {
  const std::string mapped =
      operator_json("m", "",
                    R"(,"_is_mapped":true,"_expand_input_attr":"expand_input","expand_input":
        {"type":"dict-of-lists","value":{"__type":"dict","__var":{"x":[1,2]}}})");
  put(file_with("d", mapped));
  const std::string run_id = trigger("d");
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  const ClearTasks new_ones = new_tasks_of(run_id);
  put(file_with("d", operator_json("m", "")));
  ASSERT_TRUE(engine_->clear_tasks(new_ones));
  restart();
  const AttemptSpec single = runner_.next();
  EXPECT_EQ(single.map_index, -1);
  EXPECT_TRUE(report(single, scheduler::Outcome::success));
  (*database_)
      ->connect()
      ->execute_script(
          "INSERT INTO xcom (dag_id, run_id, task_id, map_index, key, value, created_at) SELECT dag_id, "
          "run_id,"
          " task_id, map_index, 'return_value', '1', 0 FROM task_instance");
  put(file_with("d", mapped + "," + operator_json("other", "")));
  ASSERT_TRUE(engine_->clear_tasks({.dag_id = "d", .tasks = {{run_id, "m", -1}}}));
  EXPECT_EQ(count("xcom"), 0) << "of instances that are no more";
  std::optional<AttemptSpec> other;
  for (int i = 0; i < 3; ++i) {
    const AttemptSpec attempt = runner_.next();
    if (attempt.task_id == "other") {
      other = attempt;
    } else {
      EXPECT_TRUE(report(attempt, scheduler::Outcome::success));
    }
  }
  ASSERT_TRUE(other);
  ASSERT_TRUE(engine_->clear_tasks({.dag_id = "d", .tasks = {{run_id, "m", 1}}}));
  const AttemptSpec again = runner_.next();
  EXPECT_EQ(again.map_index, 1);
  EXPECT_TRUE(report(again, scheduler::Outcome::success));
  EXPECT_TRUE(report(*other, scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
}

TEST_P(ClearedRuns, APartitionIsForgottenInMemoryAndInTheStore) {
  put_partitioned(operator_json("a", R"("b")") + "," + operator_json("b", ""));
  const std::string run_id = trigger_partition("monday");
  const std::string other = trigger_partition("tuesday");
  const AttemptSpec first = runner_.next();
  EXPECT_EQ(first.partition_key, "monday");
  ASSERT_TRUE(engine_->forget_partitions("d", {run_id, "nobody"}));
  EXPECT_EQ(key_of(run_id), "");
  EXPECT_EQ(key_of(other), "tuesday");
  EXPECT_EQ(runner_.next().partition_key, "tuesday");
  EXPECT_TRUE(report(first, scheduler::Outcome::success));
  EXPECT_EQ(runner_.next().partition_key, std::nullopt);
}

TEST_P(ClearedRuns, APartitionOfARunThatHasEndedIsForgotten) {
  put_partitioned(operator_json("a", ""));
  const std::string run_id = trigger_partition("monday");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  restart();
  ASSERT_TRUE(engine_->forget_partitions("d", {run_id}));
  EXPECT_EQ(key_of(run_id), "");
}

TEST_P(ClearedRuns, ATimetableIsDescribedAsPythonDidElseByItself) {
  ParsedFile file = file_with("d", operator_json("a", ""));
  json::value& timetable = file.serialized_dags[0].at("dag").as_object()["timetable"];
  timetable = *parse_json(
      R"({"__type":"airflow.timetables.trigger.CronTriggerTimetable","__description":"At 00:00","__var":)"
      R"({"expression":"0 0 * * *","timezone":"UTC","interval":0.0,"run_immediately":false}})");
  put(file);
  EXPECT_EQ(one("SELECT timetable_description FROM dag"), "At 00:00");
  put(file_with("d", operator_json("a", "")));
  EXPECT_EQ(one("SELECT timetable_description FROM dag"), "Never, external triggers only");
}

}  // namespace
}  // namespace leoflow::engine
