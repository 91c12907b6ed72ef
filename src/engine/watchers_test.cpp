#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class WatchersTest : public EngineTest {
 protected:
  void put_dag() {
    ParsedFile file = file_with("d", operator_json("a", ""));
    file.serialized_dags[0].at("dag").as_object()["timetable"] = *parse_json(
        R"({"__type":"airflow.timetables.simple.AssetTriggeredTimetable","__var":{"asset_condition":
          {"__type":"asset","name":"inbox","uri":"x://inbox","extra":{},"watchers":[
            {"name":"mail","trigger":{"classpath":"mine.Watch","kwargs":{"folder":"in"}}}]}}})");
    put(std::move(file));
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, WatchersTest,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(WatchersTest, EveryEventOfAWatcherIsAChangeOfItsAsset) {
  put_dag();
  const WatcherSpec watcher = runner_.next_watcher();
  EXPECT_EQ(watcher.classpath, "mine.Watch");
  EXPECT_EQ(watcher.kwargs, R"({"folder":"in"})");
  for (const char* event : {"1", "2", "2"}) engine_->watcher_fired(watcher.id, event, R"({"n":1})", [] {});
  (void)runner_.next();
  ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  EXPECT_EQ(count("asset_event"), 2) << "one was said twice";
  EXPECT_EQ(count(R"(asset_event WHERE extra = '{"from_trigger":true,"payload":{"n":1}}')"), 2);
}

TEST_P(WatchersTest, AnEventThatWasStoredBeforeARestartIsNoChangeWhenItIsSaidAgain) {
  put_dag();
  const WatcherSpec watcher = runner_.next_watcher();
  engine_->watcher_fired(watcher.id, "1", "{}", [] {});
  (void)runner_.next();
  restart();
  EXPECT_EQ(runner_.next_watcher().id, watcher.id);
  for (const char* event : {"1", "2"}) engine_->watcher_fired(watcher.id, event, "{}", [] {});
  (void)runner_.next();
  EXPECT_EQ(count("asset_event"), 2);
}

TEST_P(WatchersTest, APausedDagWatchesNothingAndTheSameWatcherComesBackWithIt) {
  put_dag();
  const WatcherSpec before = runner_.next_watcher();
  ASSERT_TRUE(engine_->set_paused("d", true));
  EXPECT_EQ(runner_.stopped(), std::vector{before.id});
  ASSERT_TRUE(engine_->set_paused("d", false));
  EXPECT_EQ(runner_.next_watcher().id, before.id);
}

}  // namespace
}  // namespace leoflow::engine
