#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.hpp"
#include "engine/engine.hpp"
#include "engine/remembering_runner.hpp"
#include "fleet/log_keeper.hpp"
#include "fleet/one_task.hpp"
#include "fleet/remote_logs.hpp"
#include "objects/testing/memory_store.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::fleet {
namespace {

class StoredLogsTest : public ::testing::Test {
 protected:
  StoredLogsTest() {
    engine_.start();
    run_one_task(engine_);
    attempt_ = runner_.started.get_future().get().id;
    lead();
  }
  ~StoredLogsTest() override {
    keeper_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Another process with the same folder leads; the one before is gone.
  void lead(bool deletes_files = false) {
    keeper_.reset();
    keeper_.emplace(*database_, folder_,
                    StoredLogs{.store = store_,
                               .deletes_files = deletes_files,
                               .spool = {.first_pause = std::chrono::milliseconds(1),
                                         .longest_pause = std::chrono::milliseconds(2),
                                         .idle = idle_}});
    keeper_->take_over();
  }
  std::future<LogKeeper::Kept> append(std::uint64_t offset, const std::string& content, bool is_first = false,
                                      bool is_last = false) {
    agentrpc::LogPart part;
    part.set_offset(offset);
    part.set_content(content);
    part.set_is_first(is_first);
    part.set_is_last(is_last);
    const auto kept = std::make_shared<std::promise<LogKeeper::Kept>>();
    keeper_->append(attempt_, part, [kept](LogKeeper::Kept told) { kept->set_value(told); });
    return kept->get_future();
  }
  std::future<std::uint64_t> begin(bool goes_on) { return begin(attempt_, name_, goes_on); }
  std::future<std::uint64_t> begin(const Uuid& attempt, const std::string& name, bool goes_on) {
    const auto kept = std::make_shared<std::promise<std::uint64_t>>();
    keeper_->begin(attempt, name, goes_on, [kept](std::uint64_t size) { kept->set_value(size); });
    return kept->get_future();
  }
  /// The store was asked for so many other logs, by the same threads, after what it was to do before.
  void fetch_others() {
    for (int i = 0; i < 8; ++i) begin(new_uuid(clock_.now()), std::to_string(i) + ".log", true).wait();
  }
  std::string file() const { return read_file(folder_ + "/files/" + name_).value_or("none"); }

  const std::string name_ = "dag_id=d/run_id=r/task_id=t/attempt=1.log";
  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("lf-spool-" + std::to_string(::getpid()));
  std::chrono::milliseconds idle_{300'000};
  Uuid attempt_;
  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  std::shared_ptr<objects::MemoryStore> store_ = std::make_shared<objects::MemoryStore>();
  std::optional<LogKeeper> keeper_;
};

TEST_F(StoredLogsTest, TheEndOfALogIsKeptOnceAllOfItIsStored) {
  EXPECT_FALSE(append(0, "one\n", true).get().is_whole);
  EXPECT_EQ(store_->object(name_), "none") << "it goes on";
  const auto kept = append(4, "two\n", false, true).get();
  EXPECT_TRUE(kept.is_whole);
  EXPECT_EQ(kept.end, 8U);
  EXPECT_EQ(store_->object(name_), "one\ntwo\n");
  EXPECT_EQ(file(), "one\ntwo\n");
}

TEST_F(StoredLogsTest, AnEndThatComesTwiceIsKeptTwice) {
  append(0, "one\n", true, true).get();
  EXPECT_TRUE(append(4, "", false, true).get().is_whole);
}

TEST_F(StoredLogsTest, WhileTheStoreIsAwayTheAgentWaitsWithTheEnd) {
  store_->be_away(true);
  EXPECT_EQ(append(0, "one\n", true).get().end, 4U) << "parts are kept meanwhile";
  auto end = append(4, "two\n", false, true);
  store_->await_request();
  EXPECT_TRUE(keeper_->is_awaited_by(attempt_));
  EXPECT_EQ(keeper_->spool()->waiting(), 1U);
  EXPECT_EQ(end.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  store_->be_away(false);
  EXPECT_TRUE(end.get().is_whole);
  EXPECT_EQ(store_->object(name_), "one\ntwo\n");
  EXPECT_GT(keeper_->spool()->metrics().failures.value(), 0U);
  EXPECT_EQ(keeper_->spool()->metrics().stored.value(), 1U);
}

TEST_F(StoredLogsTest, TheNextLeaderHasTheAgentBeginAnew) {
  append(0, "one\n", true).get();
  lead();
  EXPECT_EQ(append(4, "two\n", false, true).get().end, 0U);
  EXPECT_TRUE(append(0, "one\ntwo\n", true, true).get().is_whole);
  store_->await(name_, "one\ntwo\n");
}

TEST_F(StoredLogsTest, WhatALeaderHadNotStoredIsStoredByTheNextWithItsFolder) {
  append(0, "one\n", true).get();
  lead();
  store_->await(name_, "one\n");
  EXPECT_EQ(file(), "none");
}

TEST_F(StoredLogsTest, ButNotOverMoreThanThat) {
  append(0, "one\n", true).get();
  store_->have(name_, "one\ntwo\n");
  store_->be_away(false);
  lead();
  store_->await_request();
  keeper_->stop();
  EXPECT_EQ(store_->object(name_), "one\ntwo\n");
}

TEST_F(StoredLogsTest, AfterADeferralTheLogGoesOnBehindWhatIsStored) {
  store_->have(name_, "one\n");
  EXPECT_EQ(begin(true).get(), 4U);
  append(4, "two\n", true, true).get();
  EXPECT_EQ(store_->object(name_), "one\ntwo\n");
}

TEST_F(StoredLogsTest, AnAgentThatCameBackAfterADeferralHasItsBeginningFetched) {
  store_->have(name_, "one\n");
  append(4, "two\n", true, true).get();
  EXPECT_EQ(store_->object(name_), "one\ntwo\n");
}

TEST_F(StoredLogsTest, AnAgentIsAwaitedThoughTheBeginningOfItsLogIsStillToBeFetched) {
  store_->have(name_, "one\n");
  store_->be_away(true);
  auto end = append(4, "two\n", true, true);
  store_->await_request();
  EXPECT_TRUE(keeper_->is_awaited_by(attempt_));
  store_->be_away(false);
  EXPECT_TRUE(end.get().is_whole);
  fetch_others();
  EXPECT_FALSE(keeper_->is_awaited_by(attempt_));
}

TEST_F(StoredLogsTest, ATryThatBeginsDoesNotWaitForTheStoreButOneThatGoesOnDoes) {
  store_->have(name_, "one\n");
  store_->be_away(true);
  EXPECT_EQ(begin(false).get(), 0U);
  auto going_on = begin(true);
  EXPECT_EQ(going_on.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  store_->be_away(false);
  EXPECT_EQ(going_on.get(), 4U);
}

TEST_F(StoredLogsTest, ANoteIsStoredBehindWhatThereIs) {
  store_->have(name_, "one\n");
  keeper_->note(attempt_, name_, "its pod was evicted");
  append(4, "", false).get();  // the worker is done with the note by now, or waits for the store
  while (store_->object(name_) == "one\n") std::this_thread::yield();
  const auto lines = split(store_->object(name_), '\n');
  EXPECT_EQ(lines.at(0), "one");
  EXPECT_EQ(get_text(*parse_json(lines.at(1)), "event"), "its pod was evicted");
}

TEST_F(StoredLogsTest, ALogWhoseAgentIsGoneIsStoredWhenItIsQuiet) {
  idle_ = std::chrono::milliseconds(20);
  lead();
  append(0, "one\n", true).get();
  store_->await(name_, "one\n");
}

TEST_F(StoredLogsTest, ButNotOverWhatAnotherLeaderHasStoredOfIt) {
  idle_ = std::chrono::milliseconds(20);
  lead();
  store_->have(name_, "one\ntwo\n");
  append(0, "one\n", true).get();
  while (!keeper_->spool()->is_stored(name_)) std::this_thread::yield();
  EXPECT_EQ(store_->object(name_), "one\ntwo\n");
}

TEST_F(StoredLogsTest, TheEndOfALogThatWasQuietIsStoredOverWhateverIsThere) {
  idle_ = std::chrono::milliseconds(20);
  lead();
  store_->have(name_, "an earlier log of that name, and longer\n");
  store_->be_away(true);
  append(0, "one\n", true).get();
  store_->await_request();
  auto end = append(4, "two\n", false, true);
  store_->be_away(false);
  EXPECT_TRUE(end.get().is_whole);
  EXPECT_EQ(store_->object(name_), "one\ntwo\n");
}

TEST_F(StoredLogsTest, NothingIsStoredWhileAnotherProcessMayLead) {
  keeper_->stand_still(true);
  auto end = append(0, "one\n", true, true);
  fetch_others();
  EXPECT_EQ(store_->object(name_), "none");
  EXPECT_EQ(keeper_->spool()->waiting(), 1U);
  keeper_->stand_still(false);
  EXPECT_TRUE(end.get().is_whole);
  EXPECT_EQ(store_->object(name_), "one\n");
}

TEST_F(StoredLogsTest, TheFileGoesWhenTheWholeLogIsStoredIfThatIsWanted) {
  lead(true);
  append(0, "one\n", true, true).get();
  while (file() != "none") std::this_thread::yield();
  EXPECT_EQ(begin(true).get(), 4U) << "and comes back when it goes on";
  EXPECT_EQ(file(), "one\n");
}

Variables logging(std::map<std::string, std::string> all) {
  return [all = std::move(all)](const char* name) {
    const auto found = all.find(name);
    return found == all.end() ? std::string() : found->second;
  };
}

TEST(RemoteLogsTest, AreReadByAirflowsNames) {
  EXPECT_FALSE(read_remote_logs(logging({{"AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER", "s3://b"}})).value());
  const auto remote = read_remote_logs(logging({{"AIRFLOW__LOGGING__REMOTE_LOGGING", "True"},
                                                {"AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER", "s3://b/logs"},
                                                {"AIRFLOW__LOGGING__DELETE_LOCAL_LOGS", "true"}}))
                          .value();
  ASSERT_TRUE(remote);
  EXPECT_EQ(remote->url, "s3://b/logs");
  EXPECT_TRUE(remote->deletes_local);
}

TEST(RemoteLogsTest, WhatCannotBeIsRefusedByName) {
  const std::string name = "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER";
  for (const char* url : {"", "wasb-logs", "cloudwatch://arn", "stackdriver:///x"}) {
    const auto read = read_remote_logs(logging({{"AIRFLOW__LOGGING__REMOTE_LOGGING", "1"}, {name, url}}));
    ASSERT_FALSE(read) << url;
    EXPECT_TRUE(read.error().message.starts_with(name + "=" + url));
  }
  const auto read = read_remote_logs(logging({{"AIRFLOW__LOGGING__REMOTE_LOGGING", "1"},
                                              {name, "gs://b"},
                                              {"AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID", "aws_default"}}));
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().message.starts_with("AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID=aws_default"));
}

}  // namespace
}  // namespace leoflow::fleet
