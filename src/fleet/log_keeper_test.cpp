#include "fleet/log_keeper.hpp"

#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.hpp"
#include "engine/engine.hpp"
#include "engine/remembering_runner.hpp"
#include "fleet/one_task.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::fleet {
namespace {

class LogKeeperTest : public ::testing::Test {
 protected:
  LogKeeperTest() {
    engine_.start();
    run_one_task(engine_);
    attempt_ = runner_.started.get_future().get().id;
  }
  ~LogKeeperTest() override { std::filesystem::remove_all(folder_); }

  static agentrpc::LogPart part_of(std::uint64_t offset, const std::string& content, bool is_first) {
    agentrpc::LogPart part;
    part.set_offset(offset);
    part.set_content(content);
    part.set_is_first(is_first);
    return part;
  }
  std::uint64_t append(std::uint64_t offset, const std::string& content, bool is_first = false) {
    const agentrpc::LogPart part = part_of(offset, content, is_first);
    std::promise<std::uint64_t> kept;
    keeper_.append(attempt_, part, [&](LogKeeper::Kept told) { kept.set_value(told.end); });
    return kept.get_future().get();
  }
  std::uint64_t begin() {
    std::promise<std::uint64_t> kept;
    keeper_.begin(attempt_, name_, false, [&](std::uint64_t size) { kept.set_value(size); });
    return kept.get_future().get();
  }
  /// What was asked of it up to now is done.
  void settle() {
    std::promise<void> done;
    keeper_.begin(new_uuid(clock_.now()), "another.log", false, [&](std::uint64_t) { done.set_value(); });
    done.get_future().wait();
  }
  /// As when a sensor pokes: the database knows the last of its ids, and the one before.
  void rename_twice() {
    database_->connect()->query("UPDATE task_instance SET previous_id = $1, id = $2",
                                {new_uuid(clock_.now()), new_uuid(clock_.now())});
  }
  std::string log() const { return read_file(folder_ + "/" + name_).value_or("none"); }

  const std::string name_ = "dag_id=d/run_id=r/task_id=t/attempt=1.log";
  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("lf-logs-" + std::to_string(::getpid()));
  Uuid attempt_;
  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  LogKeeper keeper_{*database_, folder_};
};

TEST_F(LogKeeperTest, PutsPartsTogetherWhereTheApiReadsThem) {
  EXPECT_EQ(append(0, "one\n", true), 4U);
  EXPECT_EQ(append(4, "two\n"), 8U);
  EXPECT_EQ(log(), "one\ntwo\n");
  EXPECT_EQ(begin(), 8U) << "where its next part goes on";
}

TEST_F(LogKeeperTest, APartThatComesTwiceIsThereOnce) {
  append(0, "one\n", true);
  append(0, "one\n", true);
  EXPECT_EQ(append(2, "e\ntwo\n"), 8U);
  EXPECT_EQ(log(), "one\ntwo\n");
}

TEST_F(LogKeeperTest, WhatIsMissingIsAskedForAndBlankIfNobodyHasIt) {
  EXPECT_EQ(append(4, "two\n"), 0U) << "from the start, please";
  EXPECT_EQ(append(4, "two\n", true), 8U);
  EXPECT_EQ(log(), "   \ntwo\n");
}

TEST_F(LogKeeperTest, WhatAnAgentSentBeforeItsPodDiedStandsAfterTheNoteOfThat) {
  append(0, "one\n", true);
  keeper_.note(attempt_, name_, "its pod was evicted");
  EXPECT_EQ(append(4, "two\n"), 8U) << "the agent counts its own lines";
  EXPECT_EQ(append(2, "e\ntwo\n"), 8U);
  const std::vector<std::string> lines = split(log(), '\n');
  ASSERT_EQ(lines.size(), 4U) << log();
  EXPECT_EQ(lines[0], "one");
  EXPECT_EQ(get_text(*parse_json(lines[1]), "event"), "its pod was evicted");
  EXPECT_EQ(lines[2], "two");
}

TEST_F(LogKeeperTest, TheEndOfAPartOfATryIsKeptThoughTheTryHasAnotherIdByThen) {
  const auto session = database_->connect();
  session->query("UPDATE task_instance SET previous_id = id, id = $1, state = 'success'",
                 {new_uuid(clock_.now())});
  EXPECT_EQ(append(0, "one\n", true), 4U);
  EXPECT_EQ(log(), "one\n");
}

TEST_F(LogKeeperTest, TheLogOfAPodIsKeptThoughTheDatabaseKnowsItsAttemptNoMore) {
  rename_twice();
  std::optional<std::string> found = name_;
  keeper_.know_pods([&](const Uuid& attempt) { return attempt == attempt_ ? found : std::nullopt; });
  EXPECT_EQ(append(0, "one\n", true), 4U);
  found = "";
  EXPECT_EQ(append(4, "two\n"), 8U) << "its pod ends, and its last part comes";
  EXPECT_EQ(log(), "one\ntwo\n");
}

TEST_F(LogKeeperTest, TheAgentOfAnUnknownAttemptHearsNothingWhileThePodsAreNotKnown) {
  rename_twice();
  std::optional<std::string> found;
  keeper_.know_pods([&](const Uuid&) { return found; });
  int answers = 0;
  keeper_.append(attempt_, part_of(0, "one\n", true), [&](LogKeeper::Kept) { ++answers; });
  settle();
  EXPECT_EQ(answers, 0);
  EXPECT_EQ(log(), "none");
  found = name_;
  EXPECT_EQ(append(0, "one\n", true), 4U);
  EXPECT_EQ(log(), "one\n");
}

TEST_F(LogKeeperTest, AnAttemptThatNobodyKnewIsAskedForEachTime) {
  rename_twice();
  std::optional<std::string> found = "";
  keeper_.know_pods([&](const Uuid&) { return found; });
  EXPECT_EQ(append(0, "one\n", true), 4U);
  EXPECT_EQ(log(), "none") << "it is dropped";
  found = name_;
  EXPECT_EQ(append(0, "one\n", true), 4U);
  EXPECT_EQ(log(), "one\n");
}

TEST_F(LogKeeperTest, TheLogOfADeletedAttemptIsDropped) {
  ASSERT_TRUE(engine_.delete_run("d", "r"));
  EXPECT_EQ(append(0, "one\n", true), 4U);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

}  // namespace
}  // namespace leoflow::fleet
