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
