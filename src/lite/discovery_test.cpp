#include "lite/discovery.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "lite/ignore_rules.hpp"

namespace leoflow::lite {
namespace {

namespace fs = std::filesystem;

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() : root_(fs::temp_directory_path() / ("leoflow_discovery_" + random_hex(6))) {
    fs::create_directories(root_);
  }
  ~DiscoveryTest() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text = "x") {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  /// "bundle: file file; bundle: ..."
  std::string found() {
    std::string out;
    for (const Bundle& bundle : discover(root_.string())) {
      out += bundle.name + ":";
      for (const auto& [path, stamp] : bundle.files) out += " " + path;
      out += "; ";
    }
    return out;
  }

  fs::path root_;
};

TEST_F(DiscoveryTest, AFileWhoseNameNobodyElseTakesIsLeftOut) {
  write(
      "gr\xfc\xdf"
      "e.py");
  write("a.py");
  EXPECT_EQ(found(), "dags-folder: a.py; ");
}

TEST_F(DiscoveryTest, APlainFolderIsOneBundle) {
  write("a.py");
  write("sub/b.py");
  EXPECT_EQ(found(), "dags-folder: a.py sub/b.py; ");
}

TEST_F(DiscoveryTest, AProjectIsABundleOfItsOwnName) {
  write("dag.py");
  write("helpers/load.sql");
  EXPECT_EQ(found(), root_.filename().string() + ": dag.py helpers/load.sql; ");
}

TEST_F(DiscoveryTest, EachProjectOfAFolderIsABundle) {
  write("loose.py");
  write("one/dag.py");
  write("team/two/dag.py");
  write("team/two/deep/module.py");
  const std::string all = found();
  EXPECT_NE(all.find("dags-folder: loose.py; "), std::string::npos) << all;
  EXPECT_NE(all.find("one: dag.py; "), std::string::npos) << all;
  EXPECT_NE(all.find("team/two: dag.py deep/module.py; "), std::string::npos) << all;
}

TEST_F(DiscoveryTest, WhatNobodyWantsParsedIsLeftOut) {
  write(".git/a.py");
  write("venv/lib/b.py");
  write("__pycache__/c.py");
  write("data.parquet");
  write("good.py");
  write(".airflowignore", "skipped_*.py\n# a comment\nold/\n");
  write("skipped_1.py");
  write("old/d.py");
  EXPECT_EQ(found(), "dags-folder: good.py; ");
}

TEST_F(DiscoveryTest, AFoldersOwnIgnoreFileIsForWhatIsBelowItAndCountsMore) {
  write("a.py");
  write("old.py");
  write("etl/old.py");
  write("etl/draft.py");
  write("etl/deep/draft.py");
  write("draft.py");
  write(".airflowignore", "old.py\n");
  write("etl/.airflowignore", "draft.py\n!old.py\n");
  EXPECT_EQ(found(), "dags-folder: a.py draft.py etl/old.py; ");
}

TEST_F(DiscoveryTest, AMissingFolderIsEmpty) {
  EXPECT_TRUE(discover((root_ / "nowhere").string()).front().files.empty());
}

TEST_F(DiscoveryTest, ALinkInACircleEnds) {
  write("a.py");
  fs::create_directory_symlink(root_, root_ / "again");
  EXPECT_FALSE(discover(root_.string()).empty());
}

TEST_F(DiscoveryTest, AnEditChangesTheStamp) {
  write("a.py", "one");
  const auto before = discover(root_.string()).front().files.at("a.py");
  write("a.py", "three");
  EXPECT_NE(discover(root_.string()).front().files.at("a.py"), before);
}

TEST(MayDefineDags, FollowsAirflowsRule) {
  EXPECT_TRUE(may_define_dags("from Airflow.sdk import DAG"));
  EXPECT_FALSE(may_define_dags("def load(): pass"));
  EXPECT_FALSE(may_define_dags("import airflow"));
}

TEST(IgnoreRules, ALaterRuleTakesAnEarlierOneBack) {
  IgnoreRules rules;
  rules.add_file("*.py\n!keep.py  # this one stays\n/top.txt\nsome/*.cfg\n# nothing\n");
  EXPECT_TRUE(rules.ignores("x/y.py", false));
  EXPECT_FALSE(rules.ignores("x/keep.py", false));
  EXPECT_TRUE(rules.ignores("top.txt", false));
  EXPECT_FALSE(rules.ignores("x/top.txt", false));
  EXPECT_TRUE(rules.ignores("some/a.cfg", false));
  EXPECT_FALSE(rules.ignores("x/some/a.cfg", false));
  EXPECT_FALSE(rules.ignores("some/deep/a.cfg", false));
}

TEST(IgnoreRules, TwoStarsStandForAnyNumberOfFolders) {
  IgnoreRules rules;
  rules.add("**/drafts/old.sql");
  rules.add("a/**/b.sql");
  rules.add("logs/**");
  for (const char* path : {"drafts/old.sql", "x/y/drafts/old.sql", "a/b.sql", "a/x/y/b.sql", "logs/x/y"})
    EXPECT_TRUE(rules.ignores(path, false)) << path;
  for (const char* path : {"old.sql", "drafts/x/old.sql", "x/a/b.sql", "a/xb.sql", "logs"})
    EXPECT_FALSE(rules.ignores(path, false)) << path;
}

}  // namespace
}  // namespace leoflow::lite
