#include "lite/project_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "lite/project_overlay.hpp"

namespace leoflow::lite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<json::value> hello_dag() {
  return {json::parse(R"({"__version": 3, "dag": {"dag_id": "hello", "tags": ["old"], "tasks": [
    {"__type": "operator", "__var": {"task_id": "load"}},
    {"__type": "operator", "__var": {"task_id": "save", "retries": 1, "retry_delay": 5.0}}]}})")};
}

const json::value& task(const std::vector<json::value>& dags, std::size_t index) {
  return dags[0].at("dag").at("tasks").at(index).at("__var");
}

TEST(ProjectFile, EveryProblemIsToldWithItsLine) {
  const auto read = read_project_file(
      "dag_idd: x\n"
      "tags: one\n"
      "staging: {}\n"
      "defaults:\n"
      "  retries: many\n"
      "  execution_timeout_seconds: 5\n"
      "tasks:\n"
      "  load: {retrys: 1}\n"
      "owner: a\n"
      "owner: b\n");
  std::vector<std::string> texts;
  for (const ProjectProblem& problem : read.problems) texts.push_back(problem.text());
  EXPECT_THAT(texts,
              ElementsAre("leoflow.yaml, line 1: unknown key 'dag_idd'; did you mean 'dag_id'?",
                          "leoflow.yaml, line 2: 'tags' must be a list",
                          "leoflow.yaml, line 3: 'staging' is not supported yet",
                          "leoflow.yaml, line 5: 'defaults.retries' must be a whole number from 0 to 100",
                          "leoflow.yaml, line 6: 'defaults.execution_timeout_seconds' is not supported yet",
                          "leoflow.yaml, line 8: unknown key 'tasks.load.retrys'; did you mean 'retries'?",
                          "leoflow.yaml, line 10: 'owner' stands here twice"));
}

TEST(ProjectFile, BrokenYamlNamesTheLine) {
  const auto read = read_project_file("owner: a\ntags: [one\n");
  ASSERT_THAT(read.problems, SizeIs(1));
  EXPECT_GE(read.problems[0].line, 2);
}

TEST(ProjectFile, NothingButCommentsIsInOrder) {
  EXPECT_THAT(read_project_file("# owner: me\n").problems, IsEmpty());
}

TEST(ProjectFile, SaysWhatTheImageOfTheProjectIsMadeOf) {
  const auto read = read_project_file(
      "base_image: registry.example/base:1\n"
      "dependencies: ['pandas>=2, <3', duckdb]\n"
      "system_packages: [git]\n"
      "registry: {url: registry.example/team, image_name: sales}\n");
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.file.base_image, "registry.example/base:1");
  EXPECT_THAT(read.file.dependencies, ElementsAre("pandas>=2, <3", "duckdb"));
  EXPECT_THAT(read.file.system_packages, ElementsAre("git"));
  EXPECT_EQ(read.file.registry, "registry.example/team");
  EXPECT_EQ(read.file.image_name, "sales");
  EXPECT_EQ(problems_text(read_project_file("base_image: a b\nsystem_packages: [--force]\n").problems),
            "leoflow.yaml, line 1: 'base_image' must be one word, not 'a b'\n"
            "leoflow.yaml, line 2: an entry of 'system_packages' must be one word, not '--force'\n");
}

TEST(ProjectFile, TheDagFileStaysInsideTheProject) {
  EXPECT_THAT(read_project_file("dag_source: ../other.py\n").problems, SizeIs(1));
  EXPECT_EQ(read_project_file("dag_source: etl/main.py\n").file.dag_file(), "etl/main.py");
}

TEST(ProjectOverlay, DefaultsFillGapsAndTasksReplace) {
  auto dags = hello_dag();
  const auto read = read_project_file(
      "owner: me\ntags: [new]\ndefaults: {retries: 4, retry_delay_seconds: 9}\n"
      "tasks:\n  save: {retry_delay_seconds: 7}\n");
  ASSERT_THAT(read.problems, IsEmpty());
  EXPECT_THAT(overlay(read.file, dags, "3.11"), IsEmpty());
  EXPECT_EQ(task(dags, 0).at("retries"), 4);
  EXPECT_EQ(task(dags, 0).at("retry_delay"), 9.0);
  EXPECT_EQ(task(dags, 1).at("retries"), 1);
  EXPECT_EQ(task(dags, 1).at("retry_delay"), 7.0);
  EXPECT_EQ(task(dags, 1).at("owner"), "me");
  EXPECT_EQ(dags[0].at("dag").at("tags"), json::parse(R"(["new"])"));
}

TEST(ProjectOverlay, WhatTheDagDoesNotHaveIsAProblem) {
  auto dags = hello_dag();
  const auto read =
      read_project_file("dag_id: hallo\npython_version: \"3.12\"\ntasks:\n  laod: {retries: 1}\n");
  const std::string text = problems_text(overlay(read.file, dags, "3.11"));
  EXPECT_THAT(text, HasSubstr("line 1: 'dag_id' is 'hallo', but dag.py defines hello"));
  EXPECT_THAT(text, HasSubstr("line 2: 'python_version' is 3.12"));
  EXPECT_THAT(text, HasSubstr("line 4: the DAG has no task 'laod'; did you mean 'load'?"));
}

TEST(ProjectOverlay, WhatIsDeclaredStandsBesideTheDag) {
  auto dags = hello_dag();
  const auto read = read_project_file(
      "connections: [warehouse]\ntasks:\n  load: {variables: [\"team_*\"]}\n  save: {retries: 1}\n");
  ASSERT_THAT(read.problems, IsEmpty());
  EXPECT_THAT(overlay(read.file, dags, ""), IsEmpty());
  EXPECT_EQ(dags[0].at("leoflow_secrets"), json::parse(R"({"variables": [], "connections": ["warehouse"],
                            "tasks": {"load": {"variables": ["team_*"], "connections": []}}})"));
  dags = hello_dag();
  EXPECT_THAT(overlay(read_project_file("owner: me\n").file, dags, ""), IsEmpty());
  EXPECT_FALSE(dags[0].as_object().contains("leoflow_secrets")) << "says nothing, declares nothing";
  EXPECT_THAT(overlay(read_project_file("variables: []\n").file, dags, ""), IsEmpty());
  EXPECT_TRUE(dags[0].as_object().contains("leoflow_secrets")) << "declares that it needs none";
}

TEST(ProjectFile, ADeclaredNameHasAStarAtItsEndAtMost) {
  const std::string text =
      problems_text(read_project_file("variables: [\"a*b\", \"\", ok, \"*\"]\n").problems);
  EXPECT_THAT(text, HasSubstr("line 1: 'variables' has 'a*b': a name, with a '*' at its end at most"));
  EXPECT_THAT(text, HasSubstr("'variables' has ''"));
  EXPECT_THAT(text, Not(HasSubstr("'ok'")));
}

TEST(ProjectFile, ThePublishedSchemaHasTheSameKeys) {
  const auto text = read_file(LEOFLOW_PROJECT_SCHEMA);
  ASSERT_TRUE(text);
  std::vector<std::string> published;
  const json::value schema = json::parse(*text);
  for (const auto& property : schema.at("properties").as_object()) published.emplace_back(property.key());
  EXPECT_THAT(published, testing::UnorderedElementsAreArray(project_file_keys()));
}

/// What the pod of a task is to be after leoflow.yaml was put over it.
json::value pod_after(std::string_view text, std::size_t index, std::vector<json::value> dags = hello_dag()) {
  const auto read = read_project_file(text);
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_THAT(overlay(read.file, dags, ""), IsEmpty());
  const json::object* fields = task(dags, index).if_object();
  const json::value* config = fields->if_contains("executor_config");
  return config == nullptr ? json::value() : config->at("__var").at("pod_override").at("__var");
}

TEST(ProjectOverlay, WhatATaskNeedsBecomesItsPodOverride) {
  const char* text =
      "defaults: {resources: {cpu: 500m, memory: 1Gi}, execution: {node_selector: {disk: ssd}}}\n"
      "tasks:\n"
      "  load:\n"
      "    resources: {limits: {memory: 4Gi, ephemeral-storage: 2Gi}}\n"
      "    execution: {service_account: loader, image_pull_secrets: [key], tolerations: [{key: gpu, value: "
      "\"1\"}],\n"
      "                labels: {team: a}, termination_grace_seconds: 5, image_pull_policy: Always}\n";
  const json::value load = pod_after(text, 0);
  EXPECT_EQ(json::serialize(load.at("metadata")), R"({"labels":{"team":"a"}})");
  const json::object& spec = load.at("spec").as_object();
  EXPECT_EQ(json::serialize(spec.at("nodeSelector")), R"({"disk":"ssd"})");
  EXPECT_EQ(spec.at("serviceAccountName"), "loader");
  EXPECT_EQ(json::serialize(spec.at("imagePullSecrets")), R"([{"name":"key"}])");
  EXPECT_EQ(json::serialize(spec.at("tolerations")), R"([{"key":"gpu","value":"1"}])");
  EXPECT_EQ(spec.at("terminationGracePeriodSeconds"), 5);
  const json::value& container = spec.at("containers").at(0);
  EXPECT_EQ(container.at("imagePullPolicy"), "Always");
  EXPECT_EQ(json::serialize(container.at("resources")),
            R"({"limits":{"memory":"4Gi","ephemeral-storage":"2Gi"}})")
      << "a task that says something of its resources says all of it, as pod overrides do";
  const json::value save = pod_after(text, 1);
  EXPECT_EQ(json::serialize(save.at("spec").at("containers").at(0).at("resources")),
            R"({"requests":{"cpu":"500m","memory":"1Gi"},"limits":{"memory":"1Gi"}})");
  EXPECT_EQ(pod_after("owner: me\n", 0), json::value()) << "nothing is wanted";
}

TEST(ProjectOverlay, TheDagFilesOwnOverrideStandsBetweenDefaultsAndTheTask) {
  auto dags = hello_dag();
  dags[0].at("dag").at("tasks").at(0).at("__var").as_object()["executor_config"] = *parse_json(
      R"({"__type":"dict","__var":{"pod_override":{"__type":"k8s.V1Pod","__var":
          {"spec":{"priorityClassName":"file","serviceAccountName":"file"}}},"x":1}})");
  const json::value pod = pod_after(
      "defaults: {execution: {priority_class: default, runtime_class: default}}\n"
      "tasks: {load: {execution: {service_account: own}}}\n",
      0, dags);
  EXPECT_EQ(pod.at("spec").at("runtimeClassName"), "default");
  EXPECT_EQ(pod.at("spec").at("priorityClassName"), "file");
  EXPECT_EQ(pod.at("spec").at("serviceAccountName"), "own");
}

TEST(ProjectFile, WhatIsWrongWithAPodIsTold) {
  const auto read = read_project_file(
      "defaults:\n"
      "  resources: {cpu: lots}\n"
      "  execution: {node_selector: ssd}\n"
      "tasks:\n"
      "  load:\n"
      "    resources: {limit: {}}\n"
      "    execution: {tolerations: {}, image_pull_policy: Sometimes, image_pull_secrets: [{}], "
      "service_account: []}\n"
      "  save: {resources: 3, execution: {termination_grace_seconds: -1}}\n");
  std::vector<std::string> texts;
  for (const ProjectProblem& problem : read.problems) texts.push_back(problem.text());
  EXPECT_THAT(
      texts, ElementsAre(
                 "leoflow.yaml, line 2: 'cpu' of 'defaults.resources' must be a quantity such as 500m or 1Gi",
                 "leoflow.yaml, line 3: an entry of 'defaults.execution' must be names with texts",
                 "leoflow.yaml, line 6: unknown key 'tasks.load.resources.limit'; did you mean 'limits'?",
                 "leoflow.yaml, line 7: an entry of 'tasks.load.execution' must be a list",
                 "leoflow.yaml, line 7: 'image_pull_policy' of 'tasks.load.execution' must be Always, "
                 "IfNotPresent or "
                 "Never",
                 "leoflow.yaml, line 7: an entry of 'tasks.load.execution' must be names of secrets",
                 "leoflow.yaml, line 7: an entry of 'tasks.load.execution' must be text",
                 "leoflow.yaml, line 8: 'tasks.save.resources' must be keys with values",
                 "leoflow.yaml, line 8: an entry of 'tasks.save.execution' must be whole seconds"));
}

}  // namespace
}  // namespace leoflow::lite
