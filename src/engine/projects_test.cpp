#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class ProjectsTest : public EngineTest {
 protected:
  /// A project whose DAGs have one task each.
  static dag::Artifact artifact(const std::string& label, const std::string& tasks,
                                const std::vector<std::pair<std::string, std::string>>& dags_and_files = {
                                    {"load", "dag.py"}}) {
    dag::Artifact out;
    out.project = "sales";
    out.dag_version = label;
    out.image = "registry/sales:" + label;
    out.python_version = "3.11";
    for (const auto& [dag_id, file] : dags_and_files) {
      ParsedFile parsed = file_with(dag_id, tasks);
      out.dags.push_back({dag_id, file, "# " + label, parsed.serialized_dags[0]});
    }
    return out;
  }
  Result<RegisteredVersion> push(dag::Artifact artifact) {
    return engine_->register_project({std::move(artifact), "me"});
  }
  std::string current() { return one("SELECT dag_version FROM project WHERE project = 'sales'"); }
  std::string dag_version_of(const std::string& dag_id) {
    return one(
        "SELECT v.bundle_version FROM dag d JOIN dag_version v ON v.id = d.current_version_id"
        " WHERE d.dag_id = '" +
        dag_id + "'");
  }

  const std::string one_task_ = operator_json("a", "");
  const std::string two_tasks_ = operator_json("a", "\"b\"") + "," + operator_json("b", "");
};

INSTANTIATE_TEST_SUITE_P(Backends, ProjectsTest,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(ProjectsTest, APushedOneRunsInItsImage) {
  const auto pushed = push(artifact("v1", one_task_));
  ASSERT_TRUE(pushed) << pushed.error().message;
  EXPECT_TRUE(pushed->is_new);
  trigger("load");
  const AttemptSpec spec = runner_.next();
  EXPECT_EQ(spec.image, "registry/sales:v1");
  EXPECT_EQ(spec.bundle_name, "sales");
  EXPECT_EQ(spec.bundle_version, "v1");
  EXPECT_EQ(spec.bundle_path, kProjectFolder);
  EXPECT_EQ(spec.relative_fileloc, "dag.py");
  EXPECT_EQ(one("SELECT created_by FROM project_version"), "me");
}

TEST_P(ProjectsTest, WhatNeedsPythonNamesTheVersionThatItsRunBeganWith) {
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  trigger("load");
  const AttemptSpec attempt = runner_.next();
  engine_->attempt_started({attempt.id, "h", "u", 1, clock_.now()});
  ASSERT_TRUE(push(artifact("v2", two_tasks_)));
  DeferredCall deferred;
  deferred.call.classpath = "mine.Trigger";
  deferred.call.kwargs = deferred.call.next_kwargs = "{}";
  engine_->attempt_deferred(attempt.id, std::move(deferred), [](bool) {});
  const PythonHome home = runner_.next_trigger().home;
  EXPECT_EQ(home, (PythonHome{"sales", std::string(kProjectFolder), "v1", "registry/sales:v1"}));
}

TEST_P(ProjectsTest, WhatADagWatchesMovesToItsNewVersion) {
  const auto watching = [&](const std::string& label, const std::string& tasks) {
    dag::Artifact out = artifact(label, tasks);
    out.dags[0].serialized.at("dag").as_object()["timetable"] = *parse_json(
        R"({"__type":"airflow.timetables.simple.AssetTriggeredTimetable","__var":{"asset_condition":
          {"__type":"asset","name":"inbox","uri":"x://inbox","extra":{},"watchers":[
            {"name":"mail","trigger":{"classpath":"mine.Watch","kwargs":{}}}]}}})");
    return out;
  };
  ASSERT_TRUE(push(watching("v1", one_task_)));
  ASSERT_TRUE(engine_->set_paused("load", false));
  const WatcherSpec before = runner_.next_watcher();
  EXPECT_EQ(before.home.image, "registry/sales:v1");
  EXPECT_EQ(before.dag_id, "load");
  ASSERT_TRUE(push(watching("v2", two_tasks_)));
  EXPECT_EQ(runner_.stopped(), std::vector{before.id});
  EXPECT_EQ(runner_.next_watcher().home.image, "registry/sales:v2");
}

TEST_P(ProjectsTest, WhatBelongsToNoDagIsAskedOfTheVersionThatWasPushedLast) {
  const auto asked = [&] {
    engine_->ask_python({{"ask", "plugins"}}, [](const Result<json::value>&) {});
    return runner_.next_question().home;
  };
  EXPECT_EQ(asked(), PythonHome{});
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  ASSERT_TRUE(push(artifact("v2", two_tasks_)));
  EXPECT_EQ(asked().image, "registry/sales:v2");
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  EXPECT_EQ(asked().image, "registry/sales:v1") << "named again";
  restart();
  EXPECT_EQ(asked().image, "registry/sales:v1");
}

TEST_P(ProjectsTest, TheSameContentIsTheSameVersionWhateverItsLabel) {
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  dag::Artifact again = artifact("v1", one_task_);
  again.dag_version = "v2";
  const auto pushed = push(again);
  ASSERT_TRUE(pushed) << pushed.error().message;
  EXPECT_FALSE(pushed->is_new);
  EXPECT_EQ(pushed->dag_version, "v1");
  EXPECT_EQ(count("project_version"), 1);
  EXPECT_EQ(count("dag_version"), 1);
}

TEST_P(ProjectsTest, ALabelStandsForOneContent) {
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  const auto refused = push(artifact("v1", two_tasks_));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().message.find("version 'v1' of project 'sales' has other content"),
            std::string::npos);
  EXPECT_EQ(count("project_version"), 1);
  trigger("load");
  runner_.next();
  EXPECT_EQ(count("task_instance"), 1) << "the DAG is as it was";
}

TEST_P(ProjectsTest, ARunThatBeganKeepsItsVersionAndAnOldOneCanBeCurrentAgain) {
  runner_.slots = 0;
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  trigger("load");
  ASSERT_TRUE(push(artifact("v2", two_tasks_)));
  EXPECT_EQ(current(), "v2");
  EXPECT_EQ(dag_version_of("load"), "v2");
  runner_.slots = 100;
  engine_->wake();
  EXPECT_EQ(runner_.next().image, "registry/sales:v1");

  const auto back = push(artifact("v1", one_task_));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_FALSE(back->is_new);
  EXPECT_EQ(current(), "v1");
  EXPECT_EQ(dag_version_of("load"), "v1");
  clock_.advance(1s);
  trigger("load");
  EXPECT_EQ(runner_.next().image, "registry/sales:v1");
}

TEST_P(ProjectsTest, VersionsAreKnownAfterARestart) {
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  restart();
  EXPECT_FALSE(push(artifact("v1", two_tasks_)));
  EXPECT_FALSE(push(artifact("v1", one_task_))->is_new);
  trigger("load");
  EXPECT_EQ(runner_.next().image, "registry/sales:v1");
}

TEST_P(ProjectsTest, ADagThatANewVersionLeavesOutIsStaleAndOneThatMovedIsNot) {
  ASSERT_TRUE(push(artifact("v1", one_task_, {{"load", "a.py"}, {"clean", "a.py"}, {"old", "old.py"}})));
  ASSERT_TRUE(push(artifact("v2", one_task_, {{"load", "b.py"}, {"clean", "a.py"}})));
  EXPECT_EQ(one("SELECT CAST(COUNT(*) AS TEXT) FROM dag WHERE is_stale = 0 AND dag_id IN ('load', 'clean')"),
            "2");
  EXPECT_EQ(one("SELECT dag_id FROM dag WHERE is_stale = 1"), "old");
  EXPECT_EQ(one("SELECT relative_fileloc FROM dag WHERE dag_id = 'load'"), "b.py");
}

TEST_P(ProjectsTest, OneWithADagOfAnotherProjectIsRefusedWhole) {
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  dag::Artifact other = artifact("v1", one_task_, {{"fresh", "dag.py"}, {"load", "dag.py"}});
  other.project = "stock";
  const auto refused = push(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(count("project_version"), 1);
  EXPECT_EQ(count("dag"), 1) << "nothing of it is there";
}

TEST_P(ProjectsTest, OneWithADagThatCannotRunHereIsRefusedWhole) {
  dag::Artifact bad = artifact("v1", one_task_, {{"fresh", "dag.py"}, {"load", "dag.py"}});
  bad.dags[1].serialized.at("dag").as_object()["timetable"] = json::object{{"__type", 3}};
  const auto refused = push(bad);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("Dag 'load'"), std::string::npos) << refused.error().message;
  EXPECT_EQ(count("project_version"), 0);
  EXPECT_EQ(count("dag"), 0);
}

TEST_P(ProjectsTest, ItsFilesCannotBeParsedAgain) {
  ASSERT_TRUE(push(artifact("v1", one_task_)));
  const auto refused = engine_->reparse("load");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace leoflow::engine
