#include "fleet/live_logs.hpp"

#include <filesystem>
#include <future>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "engine/engine.hpp"
#include "engine/remembering_runner.hpp"
#include "fleet/log_keeper.hpp"
#include "fleet/one_task.hpp"
#include "objects/testing/memory_store.hpp"
#include "redis/testing/redis_server.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::fleet {
namespace {

using namespace std::chrono_literals;

class LiveLogsTest : public ::testing::Test {
 protected:
  LiveLogsTest() { std::filesystem::create_directories(folder_ + "/files"); }
  ~LiveLogsTest() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<redis::Client> client() const {
    return std::make_shared<redis::Client>(
        server_.address(),
        "test:", redis::ClientOptions{.limit = 5s, .first_pause = 0ms, .longest_pause = 0ms});
  }
  void write(const std::string& text) { write_file_atomically(folder_ + "/" + name_, text); }
  /// What another replica reads.
  std::string copy() { return others_.read(name_, 0).value_or("none"); }
  void await_copy(const std::string& text) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (copy() != text && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(copy(), text);
  }

  const std::string name_ = "a.log";
  const std::string folder_ = std::filesystem::temp_directory_path() / ("lf-live-" + random_hex(6));
  redis::RedisServer server_;
  redis::SharedLogs others_{client()};
};

TEST_F(LiveLogsTest, ALogIsCopiedWhileItGrowsAndDeletedAtItsEnd) {
  LiveLogs logs(client(), folder_);
  write("one\n");
  logs.change(name_);
  await_copy("one\n");
  write("one\ntwo\n");
  logs.change(name_);
  await_copy("one\ntwo\n");
  logs.end(name_);
  await_copy("none");
}

TEST_F(LiveLogsTest, ALogOfManyPiecesIsCopiedWhole) {
  LiveLogs logs(client(), folder_);
  std::string text;
  while (text.size() < 1'000'000) text += std::to_string(text.size()) + "\n";
  write(text);
  logs.change(name_);
  await_copy(text);
}

TEST_F(LiveLogsTest, OneThatBecomesTooLargeIsGone) {
  LiveLogs logs(client(), folder_, {.most = 8});
  write("12345678");
  logs.change(name_);
  await_copy("12345678");
  write("123456789");
  logs.change(name_);
  await_copy("none");
}

TEST_F(LiveLogsTest, WhatAnEarlierLeaderHadCopiedIsReplaced) {
  LiveLogs earlier(client(), folder_), logs(client(), folder_);
  write("of another time\n");
  earlier.change(name_);
  await_copy("of another time\n");
  write("new\n");
  logs.change(name_);
  await_copy("new\n");
  // It wakes up.
  write("new\nof another time\n");
  earlier.change(name_);
  await_copy("new\nof another time\n");
  std::filesystem::remove(folder_ + "/" + name_);
  logs.change(name_);
  await_copy("none");
}

TEST_F(LiveLogsTest, WhatWasLoggedWhileRedisWasAwayIsThereWhenItIsBack) {
  LiveLogs logs(client(), folder_, {.pause = 1ms});
  write("one\n");
  logs.change(name_);
  await_copy("one\n");
  server_.stop();
  write("one\ntwo\n");
  logs.change(name_);
  server_.start();
  await_copy("one\ntwo\n");
}

/// The log of an attempt, as its agent sends it.
class KeptLiveTest : public LiveLogsTest {
 protected:
  KeptLiveTest() {
    engine_.start();
    run_one_task(engine_);
    attempt_ = runner_.started.get_future().get().id;
  }
  void append(LogKeeper& keeper, std::uint64_t offset, const std::string& content, bool is_last = false) {
    agentrpc::LogPart part;
    part.set_offset(offset);
    part.set_content(content);
    part.set_is_first(offset == 0);
    part.set_is_last(is_last);
    std::promise<void> kept;
    keeper.append(attempt_, part, [&](LogKeeper::Kept) { kept.set_value(); });
    kept.get_future().get();
  }
  void await_log(const std::string& text) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    const auto read = [this] { return others_.read(log_, 0).value_or("none"); };
    while (read() != text && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(read(), text);
  }

  const std::string log_ = "dag_id=d/run_id=r/task_id=t/attempt=1.log";
  Uuid attempt_;
  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
};

TEST_F(KeptLiveTest, WhatAnAgentSendsIsThereUntilItIsTheEnd) {
  LogKeeper keeper(*database_, folder_, std::nullopt, client());
  append(keeper, 0, "one\n");
  await_log("one\n");
  append(keeper, 4, "two\n");
  await_log("one\ntwo\n");
  append(keeper, 8, "", true);
  await_log("none");
}

TEST_F(KeptLiveTest, WithAStoreItIsThereUntilAllIsStored) {
  const auto store = std::make_shared<objects::MemoryStore>();
  LogKeeper keeper(*database_, folder_, StoredLogs{.store = store}, client());
  keeper.take_over();
  append(keeper, 0, "one\n");
  await_log("one\n");
  append(keeper, 4, "two\n", true);
  await_log("none");
  EXPECT_EQ(store->object(log_), "one\ntwo\n");
}

TEST_F(KeptLiveTest, ACopyOfAnEarlierLogOfThatNameGoesWhenAnotherBegins) {
  ASSERT_EQ(others_.put(log_, 0, "of another time\n"), true);
  LogKeeper keeper(*database_, folder_, std::nullopt, client());
  keeper.begin(attempt_, log_, false, [](std::uint64_t) {});
  await_log("none");
}

TEST_F(KeptLiveTest, ATaskDoesNotWaitForARedisThatDoesNotAnswer) {
  const redis::SilentServer silent;
  LogKeeper keeper(*database_, folder_, std::nullopt,
                   std::make_shared<redis::Client>(silent.address(), "",
                                                   redis::ClientOptions{.limit = 1s, .first_pause = 0ms}));
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 50; ++i) append(keeper, i, "x");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 25s) << "fifty waits take fifty";
}

}  // namespace
}  // namespace leoflow::fleet
