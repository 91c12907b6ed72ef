#include "agent/file_waits.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace leoflow::agent {
namespace {

namespace fs = std::filesystem;

class FileWaitsTest : public testing::Test {
 protected:
  FileWaitsTest() : folder_(fs::path(testing::TempDir()) / ("file_waits_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~FileWaitsTest() override { fs::remove_all(folder_); }
  std::string path(std::string_view name) const { return (folder_ / name).string(); }
  void touch(std::string_view name) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "x";
  }
  static agentrpc::RunTrigger file_trigger(const std::string& kwargs) {
    agentrpc::RunTrigger trigger;
    trigger.set_classpath("airflow.providers.standard.triggers.file.FileTrigger");
    trigger.set_kwargs(kwargs);
    return trigger;
  }

  fs::path folder_;
};

TEST_F(FileWaitsTest, AFileIsThereByNameOrPatternOrSomewhereInAFolder) {
  EXPECT_FALSE(file_is_there(path("a.csv")));
  EXPECT_FALSE(file_is_there(path("*.csv")));
  touch("a.csv");
  EXPECT_TRUE(file_is_there(path("a.csv")));
  EXPECT_TRUE(file_is_there(path("*.csv")));
  EXPECT_FALSE(file_is_there(path("*.txt")));
  fs::create_directories(folder_ / "deep/er");
  EXPECT_FALSE(file_is_there(path("deep")));
  touch("deep/er/file");
  EXPECT_TRUE(file_is_there(path("deep")));
}

TEST_F(FileWaitsTest, PythonWaitsForWhatOnlyPythonFinds) {
  EXPECT_TRUE(
      as_file_trigger(file_trigger(R"({"filepath":"/a/**/b","recursive":false,"poke_interval":0.5})")));
  EXPECT_FALSE(as_file_trigger(file_trigger(R"({"filepath":"/a/**/b","recursive":true})")));
  agentrpc::RunTrigger templated = file_trigger(R"({"filepath":"/{{ ds }}"})");
  templated.set_rendering("{}");
  EXPECT_FALSE(as_file_trigger(templated));
  agentrpc::RunTrigger watcher = file_trigger(R"({"filepath":"/a"})");
  watcher.set_is_watcher(true);
  EXPECT_FALSE(as_file_trigger(watcher));
  agentrpc::RunTrigger other = file_trigger(R"({"filepath":"/a"})");
  other.set_classpath("my.FileTrigger");
  EXPECT_FALSE(as_file_trigger(other));
}

TEST_F(FileWaitsTest, TellsOnceWhenAFileAppears) {
  boost::asio::io_context loop;
  const auto guard = boost::asio::make_work_guard(loop);
  std::vector<std::string> found;
  FileWaits waits(loop, [&](const std::string& id) { found.push_back(id); });
  using std::chrono::milliseconds;
  waits.add("one", {path("one"), milliseconds{10}});
  waits.add("two", {path("two"), milliseconds{10}});
  waits.add("gone", {path("two"), milliseconds{10}});
  EXPECT_TRUE(waits.remove("gone"));
  touch("two");
  loop.run_one();
  EXPECT_EQ(found, std::vector<std::string>{"two"});
  EXPECT_EQ(waits.size(), 1U);
  touch("one");
  loop.run_one();
  EXPECT_EQ(found, (std::vector<std::string>{"two", "one"}));
  EXPECT_FALSE(waits.remove("one"));
}

}  // namespace
}  // namespace leoflow::agent
