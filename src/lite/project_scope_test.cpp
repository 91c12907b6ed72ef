#include "lite/project_scope.hpp"

#include <gtest/gtest.h>

namespace leoflow::lite {
namespace {

ProjectScope scope(std::string_view text) {
  return ProjectScope(read_project_file(text));
}

/// What is wrong with a project that has a dag.py and nothing else.
std::string problems(std::string_view text) {
  return problems_text(scope(text).problems([](const std::string& path) { return path == "dag.py"; }));
}

TEST(ProjectScope, WithoutAProjectFileEveryFileCountsThatLooksLikeDags) {
  const ProjectScope all;
  EXPECT_FALSE(all.excludes("a/b.py"));
  EXPECT_TRUE(all.is_dag_file("a/b.py", true));
  EXPECT_FALSE(all.is_dag_file("a/b.py", false));
  EXPECT_FALSE(all.is_dag_file("a/b.sql", true));
}

TEST(ProjectScope, WhatIsBelowAnExcludedFolderIsExcluded) {
  const ProjectScope some = scope("exclude_paths: [notebooks/, '*_old.py', /top.py, a/b]\n");
  EXPECT_TRUE(some.excludes("notebooks/deep/x.py"));
  EXPECT_TRUE(some.excludes("lib/notebooks/x.py"));
  EXPECT_TRUE(some.excludes("lib/load_old.py"));
  EXPECT_TRUE(some.excludes("top.py"));
  EXPECT_FALSE(some.excludes("lib/top.py"));
  EXPECT_TRUE(some.excludes("a/b/c.py"));
  EXPECT_FALSE(some.excludes("notebooks"));
  EXPECT_FALSE(some.is_dag_file("lib/load_old.py", true));
}

TEST(ProjectScope, TheProjectsDagFileIsOneWhateverItLooksLike) {
  const ProjectScope usual = scope("owner: me\n");
  EXPECT_TRUE(usual.is_dag_file("dag.py", false));
  EXPECT_TRUE(usual.is_dag_file("more.py", true));
  const ProjectScope named = scope("dag_source: etl/main.py\n");
  EXPECT_TRUE(named.is_dag_file("etl/main.py", false));
  EXPECT_FALSE(named.is_dag_file("dag.py", true));
}

TEST(ProjectScope, AProjectWithoutItsDagFileIsAProblem) {
  EXPECT_EQ(problems("owner: me\n"), "");
  EXPECT_EQ(problems("owner: me\ndag_source: pipline.py\n"),
            "leoflow.yaml, line 2: there is no DAG file pipline.py\n");
  EXPECT_EQ(problems("exclude_paths: [\"*.py\"]\n"),
            "leoflow.yaml: 'exclude_paths' leaves out the DAG file dag.py\n");
  EXPECT_EQ(problems("ownr: me\ndag_source: x.py\n"),
            "leoflow.yaml, line 1: unknown key 'ownr'; did you mean 'owner'?\n");
  EXPECT_EQ(problems_text(scope("").problems([](const std::string&) { return false; })),
            "leoflow.yaml: there is no DAG file dag.py; 'dag_source' names another\n");
  EXPECT_TRUE(ProjectScope().problems([](const std::string&) { return false; }).empty());
}

}  // namespace
}  // namespace leoflow::lite
