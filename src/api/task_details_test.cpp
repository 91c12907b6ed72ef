#include "api/core/python_text.hpp"
#include "api/testing/fixture.hpp"

namespace leoflow::api {
namespace {

const std::string kTasks = "/api/v2/dags/hello/dagRuns/manual__1/taskInstances";

class TaskDetailsTest : public ApiTest {
 protected:
  /// Gives the task more fields in the serialized DAG.
  void add_fields(std::string_view task, std::string_view fields) {
    const std::string name = "\"task_id\": \"" + std::string(task) + "\"";
    database_->connect()->execute(
        "UPDATE dag_version SET dag_hash = dag_hash || 'x', serialized = REPLACE(serialized, $1, $2) "
        "WHERE id = 'ver-1'",
        {name, name + ", " + std::string(fields)});
  }
  std::string links(std::string_view query = "") {
    return json::serialize(
        *find(ok_json("GET", kTasks + "/extract/links" + std::string(query)), "extra_links"));
  }
};

TEST_F(TaskDetailsTest, LinksOfOperatorsAreTheXComsThatTheTaskLeft) {
  EXPECT_EQ(links(), "{}");
  add_fields("extract",
             R"("_operator_extra_links": {"Manual": "_link_Manual", "Empty": "k", "Other": "other"})");
  sql("INSERT INTO xcom (dag_id, run_id, task_id, map_index, key, value, created_at) VALUES "
      "('hello', 'manual__1', 'extract', -1, '_link_Manual', '\"https://x.example/1\"', 1), "
      "('hello', 'manual__1', 'extract', -1, 'other', '\"\"', 1)");
  EXPECT_EQ(links(), R"({"Empty":null,"Manual":"https://x.example/1","Other":null})");
  EXPECT_EQ(get_integer(ok_json("GET", kTasks + "/extract/links"), "total_entries", 0), 3);
  EXPECT_EQ(json::serialize(*find(ok_json("GET", "/api/v2/dags/hello/tasks/extract"), "extra_links")),
            R"(["Empty","Manual","Other"])");
}

TEST_F(TaskDetailsTest, LinksOfATryAreThoseOfTheTaskIfThereWasSuchATry) {
  add_fields("extract", R"("_operator_extra_links": {"Manual": "m"})");
  EXPECT_EQ(links("?try_number=1"), R"({"Manual":null})");
  EXPECT_EQ(get(kTasks + "/extract/links?try_number=7").status, 404);
  EXPECT_EQ(get(kTasks + "/extract/links?map_index=3").status, 404);
  EXPECT_EQ(get(kTasks + "/none/links").status, 404);
}

TEST_F(TaskDetailsTest, TheConfigurationForAnExecutorIsShownAsPythonWritesIt) {
  add_fields("extract", R"("executor_config": {"__type": "dict", "__var": {"LocalExecutor":
    {"__type": "dict", "__var": {"x": 1, "y": [true, null]}}}})");
  const std::string shown = "{'LocalExecutor': {'x': 1, 'y': [True, None]}}";
  EXPECT_EQ(get_text(ok_json("GET", kTasks + "/extract"), "executor_config"), shown);
  EXPECT_EQ(get_text(ok_json("GET", kTasks + "/extract/tries/1"), "executor_config"), shown);
  const auto list = ok_json("GET", kTasks);
  for (const json::value& task : find(list, "task_instances")->get_array()) {
    EXPECT_EQ(get_text(task, "executor_config"), get_text(task, "task_id") == "extract" ? shown : "{}");
  }
}

TEST(PythonText, IsWhatReprSays) {
  const auto text = [](std::string_view encoded) { return python_text(*parse_json(encoded)); };
  EXPECT_EQ(text("{}"), "{}");
  EXPECT_EQ(text(R"([1, 1.0, 0.5, 1e16, -3])"), "[1, 1.0, 0.5, 1e+16, -3]");
  EXPECT_EQ(text(R"(["a", "it's", "\"it's\"", "a\\b\n\u0001"])"),
            R"(['a', "it's", '"it\'s"', 'a\\b\n\x01'])");
  EXPECT_EQ(text(R"(["\u00a0\u00e9\u2028\ufeff\ud83d\ude00\udb40\udc20"])"),
            R"(['\xa0é\u2028\ufeff😀\U000e0020'])");
  EXPECT_EQ(text(R"({"__type": "tuple", "__var": [1]})"), "(1,)");
  EXPECT_EQ(text(R"({"__type": "tuple", "__var": [1, 2]})"), "(1, 2)");
  EXPECT_EQ(text(R"({"__type": "set", "__var": []})"), "set()");
}

TEST(PythonText, IsWhatStrSays) {
  EXPECT_EQ(python_str("it's"), "it's");
  EXPECT_EQ(python_str(true), "True");
  EXPECT_EQ(python_str(*parse_json(R"({"__type": "set", "__var": ["a"]})")),
            "{'__type': 'set', '__var': ['a']}");
}

TEST(PythonText, IsWhatJsonDumpsSays) {
  const auto text = [](std::string_view value) { return python_json(*parse_json(value)); };
  EXPECT_EQ(text(R"({"a":[1,2.0,null,true],"b":{}})"), R"({"a": [1, 2.0, null, true], "b": {}})");
  EXPECT_EQ(text(R"(["\u00e9\u20ac\ud83d\ude00 \"x\""])"), R"(["\u00e9\u20ac\ud83d\ude00 \"x\""])");
}

TEST_F(TaskDetailsTest, ATriggerIsShownWithoutItsArgumentsWhileItsTaskIsDeferred) {
  sql("INSERT INTO deferral (dag_id, run_id, task_id, map_index, classpath, kwargs, next_method, "
      "next_kwargs, "
      "ends_task, created_at) VALUES ('hello', 'manual__1', 'extract', -1, 'a.Trigger', 'v1:sealed', 'go', "
      "'{}', "
      "0, 7000000)");
  const auto trigger = [&] { return json::serialize(*find(ok_json("GET", kTasks + "/extract"), "trigger")); };
  EXPECT_EQ(trigger(), "null") << "it goes on already";
  sql("UPDATE task_instance SET state = 'deferred' WHERE id = 't1'");
  EXPECT_EQ(trigger(),
            R"({"id":7000000,"classpath":"a.Trigger","kwargs":"{}","created_date":"1970-01-01T00:00:07Z",)"
            R"("queue":null,"triggerer_id":null})");
}

}  // namespace
}  // namespace leoflow::api
