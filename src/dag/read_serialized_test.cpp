#include "dag/read_serialized.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dag/read_task.hpp"

namespace leoflow::dag {
namespace {

std::string task(std::string_view id, std::string_view downstream = "", std::string_view more = "") {
  return fmt::format(R"({{"__type":"operator","__var":{{"task_id":"{}","downstream_task_ids":[{}]{}}}}})", id,
                     downstream, more);
}

Result<std::shared_ptr<const Dag>> read(std::string_view tasks, std::string_view more = "") {
  return read_serialized(*parse_json(fmt::format(
      R"({{"__version":3,"dag":{{"dag_id":"d","timetable":{{"__type":"airflow.timetables.simple.NullTimetable","__var":{{}}}},"tasks":[{}]{}}}}})",
      tasks, more)));
}

TEST(ReadSerialized, BuildsTheGraphBothWays) {
  const auto dag = read(task("a", R"("b","c")") + "," + task("b", R"("c")") + "," + task("c"));
  ASSERT_TRUE(dag) << dag.error().message;
  const Task& c = (*dag)->tasks[*(*dag)->find_task("c")];
  EXPECT_EQ(c.upstream.size(), 2U);
  EXPECT_EQ((*dag)->leaves, std::vector<TaskIndex>{*(*dag)->find_task("c")});
}

TEST(ReadSerialized, FillsInAirflowsDefaults) {
  const auto dag = read(task("a"));
  const Task& a = (*dag)->tasks[0];
  EXPECT_EQ(a.pool, "default_pool");
  EXPECT_EQ(a.retry_delay, std::chrono::seconds{300});
  EXPECT_EQ(a.trigger_rule, TriggerRule::all_success);
  EXPECT_EQ((*dag)->max_active_tasks, 16);
}

TEST(ReadSerialized, FillsInWhatTheConfigurationGivesToAllTasks) {
  const auto dag = read_serialized(
      *parse_json(R"({"__version":3,"client_defaults":{"tasks":{"retries":2}},"dag":{"dag_id":"d",)"
                  R"("timetable":{"__type":"airflow.timetables.simple.NullTimetable","__var":{}},"tasks":[)" +
                  task("a") + "," + task("b", "", R"(,"retries":0)") + "]}}"));
  ASSERT_TRUE(dag) << dag.error().message;
  EXPECT_EQ((*dag)->tasks[0].retries, 2);
  EXPECT_EQ((*dag)->tasks[1].retries, 0);
}

TEST(ReadSerialized, KnowsWhichSetupsATaskRunsUnderAndWhatATeardownWaitsFor) {
  const auto dag =
      read(task("setup", R"("first","teardown")", R"(,"is_setup":true)") + "," +
           task("first", R"("second")") + "," + task("second", R"("teardown","after")") + "," +
           task("teardown", "", R"(,"is_teardown":true,"trigger_rule":"all_done_setup_success")") + "," +
           task("after"));
  ASSERT_TRUE(dag) << dag.error().message;
  const auto at = [&](const char* id) { return *(*dag)->find_task(id); };
  const auto& tasks = (*dag)->tasks;
  EXPECT_TRUE(tasks[at("first")].setups.empty()) << "it is its direct upstream";
  EXPECT_EQ(tasks[at("second")].setups, std::vector{at("setup")});
  EXPECT_TRUE(tasks[at("after")].setups.empty()) << "the teardown is not below it";
  EXPECT_EQ(tasks[at("teardown")].scope, std::vector{at("first")});
  EXPECT_EQ((*dag)->leaves, std::vector{at("after")});
}

TEST(ReadSerialized, SumsPrioritiesAsTheWeightRuleSays) {
  const auto dag = read(task("a", R"("b","c")", R"(,"priority_weight":5)") + "," + task("b", R"("d")") + "," +
                        task("c", R"("d")", R"(,"weight_rule":"upstream")") + "," +
                        task("d", "", R"(,"weight_rule":"absolute","priority_weight":7)"));
  ASSERT_TRUE(dag);
  const auto weight = [&](const char* id) { return (*dag)->tasks[*(*dag)->find_task(id)].priority_weight; };
  EXPECT_EQ(weight("a"), 5 + 1 + 1 + 7);
  EXPECT_EQ(weight("b"), 1 + 7);
  EXPECT_EQ(weight("c"), 1 + 5);
  EXPECT_EQ(weight("d"), 7);
}

TEST(ReadSerialized, NamesTheTasksOfACycle) {
  const auto dag = read(task("a", R"("b")") + "," + task("b", R"("c")") + "," + task("c", R"("b")"));
  ASSERT_FALSE(dag);
  EXPECT_NE(dag.error().message.find("b -> c -> b"), std::string::npos) << dag.error().message;
}

TEST(ReadSerialized, TakesTheWeightsThatTheParserFoundForARuleOfTheUsersOwn) {
  const auto dag =
      read(task("m", "", R"(,"weight_rule":"mine.Rule","priority_weight":5,"__weights":[3,2,1])"));
  ASSERT_TRUE(dag) << dag.error().message;
  EXPECT_EQ((*dag)->tasks[0].priority_weight, 3);
  EXPECT_EQ((*dag)->tasks[0].weights, (std::vector{3, 2, 1}));
}

TEST(ReadSerialized, NamesTheTaskWhoseWeightRuleWasNotEvaluated) {
  const auto dag = read(task("m", "", R"(,"weight_rule":"mine.Rule")"));
  ASSERT_FALSE(dag);
  EXPECT_NE(dag.error().message.find("'m'"), std::string::npos);
  EXPECT_NE(dag.error().message.find("'mine.Rule'"), std::string::npos);
}

TEST(ReadSerialized, ReadsWhatATaskIsMappedOver) {
  const auto dag = read(
      task("make") + "," + task("other") + "," +
      task(
          "each", "",
          R"(,"_is_mapped":true,"_expand_input_attr":"expand_input","partial_kwargs":{"retries":2,"pool":"p"},
               "expand_input":{"type":"dict-of-lists","value":{"__type":"dict","__var":{
                 "x":[1,2,3],
                 "y":{"__type":"xcomref","__var":{"type":"zip","args":[
                   {"type":"map","arg":{"task_id":"make","key":"return_value"},"callables":[]},
                   {"task_id":"other","key":"return_value"}]}}}}})"));
  ASSERT_TRUE(dag) << dag.error().message;
  const Task& each = (*dag)->tasks[2];
  EXPECT_EQ(each.retries, 2);
  EXPECT_EQ(each.pool, "p");
  ASSERT_TRUE(each.expansion);
  EXPECT_EQ(each.expansion->sources, (std::vector<TaskIndex>{0, 1}));
  ASSERT_EQ(each.expansion->arguments.size(), 2U);
  EXPECT_EQ(each.expansion->arguments[0].count, 3U);
  EXPECT_EQ(each.expansion->arguments[1].kind, MapLength::Kind::zip);
  EXPECT_TRUE((*dag)->tasks[0].feeds_expansion);
}

TEST(ReadSerialized, FindsTheMappedGroupAroundATask) {
  const auto dag = read(task("make") + "," + task("g.h.a"), R"(,"task_group":{"children":{
    "make":["operator","make"],
    "g":["taskgroup",{"_group_id":"g","is_mapped":true,
      "expand_input":{"type":"list-of-dicts","value":{"__type":"xcomref","__var":{"task_id":"make","key":"return_value"}}},
      "children":{"g.h":["taskgroup",{"_group_id":"g.h","children":{"g.h.a":["operator","g.h.a"]}}]}}]}})");
  ASSERT_TRUE(dag) << dag.error().message;
  EXPECT_FALSE((*dag)->tasks[0].mapped_group);
  ASSERT_TRUE((*dag)->tasks[1].mapped_group);
  EXPECT_EQ((*dag)->mapped_groups[0].group_id, "g");
  EXPECT_EQ(common_group(**dag, 1, 1), std::optional<GroupIndex>(0));
  EXPECT_EQ(common_group(**dag, 0, 1), std::nullopt);
}

TEST(ReadSerialized, RefusesToMapOverNothing) {
  for (const char* input :
       {R"({"type":"set-of-lists","value":[]})", R"({"type":"dict-of-lists"})",
        R"({"type":"list-of-dicts","value":3})",
        R"({"type":"list-of-dicts","value":{"__type":"xcomref","__var":{"task_id":"gone"}}})",
        R"({"type":"list-of-dicts","value":{"__type":"xcomref","__var":{"type":"map"}}})"}) {
    const auto dag = read(task("m", "", fmt::format(R"(,"_expand_input_attr":"e","e":{})", input)));
    ASSERT_FALSE(dag) << input;
    EXPECT_NE(dag.error().message.find("'m'"), std::string::npos) << dag.error().message;
  }
}

TEST(ReadSerialized, RefusesNonsense) {
  for (const char* text : {"null", "{}", R"({"__version":2})", R"({"__version":3})",
                           R"({"__version":3,"dag":{}})", R"({"__version":3,"dag":{"dag_id":"d"}})"}) {
    EXPECT_FALSE(read_serialized(*parse_json(text))) << text;
  }
  EXPECT_FALSE(read(task("a") + "," + task("a")));
  EXPECT_FALSE(read(task("a", "", R"(,"trigger_rule":"sometimes")")));
}

TEST(ReadSerialized, TenThousandTasksInAChainAreRead) {
  std::string tasks;
  for (int i = 0; i < 10'000; ++i) {
    if (i > 0) tasks += ",";
    tasks += task(fmt::format("t{}", i), i < 9'999 ? fmt::format("\"t{}\"", i + 1) : "");
  }
  const auto dag = read(tasks);
  ASSERT_TRUE(dag);
  EXPECT_EQ((*dag)->tasks[0].priority_weight, 10'000);
}

TEST(ReadSerialized, KnowsWhatATaskWantsOfItsPod) {
  const char* config =
      R"("executor_config":{"__type":"dict","__var":{"pod_override":{"__type":"k8s.V1Pod","__var":{"spec":{"priority":1}}}}})";
  const auto plain = read_task(*parse_json(std::string(R"({"task_id":"a",)") + config + "}"));
  ASSERT_TRUE(plain && plain->pod_override);
  EXPECT_EQ(json::serialize(*plain->pod_override), R"({"spec":{"priority":1}})");
  const auto mapped = read_task(whole_task(
      *parse_json(std::string(R"({"task_id":"a","_is_mapped":true,"partial_kwargs":{)") + config + "}}")));
  ASSERT_TRUE(mapped && mapped->pod_override);
  for (const char* other :
       {R"({"task_id":"a"})", R"({"task_id":"a","executor_config":{"__type":"dict","__var":{}}})",
        R"({"task_id":"a","executor_config":{"__type":"dict","__var":{"pod_override":3}}})"})
    EXPECT_EQ(read_task(*parse_json(other))->pod_override, nullptr) << other;
}

}  // namespace
}  // namespace leoflow::dag
