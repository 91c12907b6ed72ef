#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

dag::AssetKey asset_key(const std::string& name) {
  return {name, "s3://" + name};
}

class PartitionsTest : public SchedulerTest {
 protected:
  /// A DAG that waits for partitions of two assets.
  DagEntry& waits(
      const std::string& mapper = R"({"__type":"airflow.partition_mappers.identity.IdentityMapper"})") {
    DagBuilder dag;
    dag.task("t");
    const auto leaf = [](const std::string& name) {
      return R"({"__type":"asset","name":")" + name + R"(","uri":"s3://)" + name + R"(","extra":{}})";
    };
    const auto encoded = parse_json(
        R"({"__type":"airflow.timetables.simple.PartitionedAssetTimetable","__var":{"partition_mapper_config":[],)"
        R"("asset_condition":{"__type":"asset_all","objects":[)" +
        leaf("a") + "," + leaf("b") + R"(]},"default_partition_mapper":)" + mapper + "}}");
    dag.properties().timetable = *dag::read_timetable(*encoded);
    dag.properties().asset_condition =
        *dag::read_asset_condition(*find(*find(*encoded, "__var"), "asset_condition"));
    scheduler_.put_dag("d", "v1", dag.build(), false, std::nullopt, now_);
    return *scheduler_.find_dag("d");
  }

  std::vector<PartitionArrival> change(const std::string& name, const std::string& key,
                                       std::optional<Time> date = std::nullopt) {
    const DagEntry& dag = *scheduler_.find_dag("d");
    const auto& mapper = dag.graph->timetable->partitioning()->mapper_of(asset_key(name));
    auto mapped = dag::map_partition(mapper, key);
    auto arrivals = scheduler_.partitions_changed("d", {asset_key(name), key, date, *mapped}, now_);
    scheduler_.tick(now_);
    return arrivals;
  }
  const DagRun* only_run() {
    DagEntry& dag = *scheduler_.find_dag("d");
    return dag.runs.size() == 1 ? dag.runs.begin()->second.get() : nullptr;
  }
};

TEST_F(PartitionsTest, ARunComesForAPartitionThatEveryAssetHas) {
  const DagEntry& dag = waits();
  EXPECT_TRUE(change("a", "monday")[0].is_new);
  change("b", "tuesday");
  EXPECT_TRUE(dag.runs.empty()) << "two partitions, each waits for the other asset";
  EXPECT_FALSE(change("b", "monday")[0].is_new);
  ASSERT_NE(only_run(), nullptr);
  EXPECT_EQ(only_run()->partition_key, "monday");
  EXPECT_EQ(only_run()->type, RunType::asset_triggered);
  EXPECT_EQ(dag.partitions.size(), 1U);
}

TEST_F(PartitionsTest, TheSamePartitionRunsAgainWhenAllItNeedsIsThereAgain) {
  const DagEntry& dag = waits();
  for (int i = 0; i < 2; ++i) {
    now_ += 1s;
    change("a", "monday");
    change("b", "monday");
  }
  EXPECT_EQ(dag.runs.size(), 2U);
}

TEST_F(PartitionsTest, ARollupWaitsForAllKeysOfItsPeriod) {
  const DagEntry& dag = waits(
      R"({"__type":"airflow.partition_mappers.base.RollupMapper","__var":{
        "upstream_mapper":{"__type":"airflow.partition_mappers.fixed_key.FixedKeyMapper","__var":{"downstream_key":"all"}},
        "window":{"__type":"airflow.partition_mappers.window.SegmentWindow","__var":{"segments":["us","eu"]}},
        "wait_policy":{"__type":"airflow.partition_mappers.wait_policy.WaitForAll","__var":{}}}})");
  for (const char* name : {"a", "b"}) change(name, "us");
  change("a", "eu");
  change("a", "apac");
  EXPECT_TRUE(dag.runs.empty());
  change("b", "eu");
  ASSERT_NE(only_run(), nullptr);
  EXPECT_EQ(only_run()->partition_key, "all");
}

TEST_F(PartitionsTest, TheDateIsTheOneThatTheKeyTells) {
  waits(R"({"__type":"airflow.partition_mappers.temporal.StartOfDayMapper","__var":{
    "timezone":"UTC","input_format":"%Y-%m-%dT%H:%M:%S","output_format":"%Y-%m-%d"}})");
  for (const char* name : {"a", "b"}) change(name, "1970-01-02T03:04:05");
  ASSERT_NE(only_run(), nullptr);
  EXPECT_EQ(only_run()->partition_key, "1970-01-02");
  EXPECT_EQ(only_run()->partition_date, Time{std::chrono::days{1}});
}

TEST_F(PartitionsTest, ProducersThatDisagreeAboutTheDateLeaveItAway) {
  waits();
  change("a", "k", Time{std::chrono::days{1}});
  change("b", "k", Time{std::chrono::days{2}});
  ASSERT_NE(only_run(), nullptr);
  EXPECT_EQ(only_run()->partition_date, std::nullopt);
}

TEST_F(PartitionsTest, APausedDagCollectsNothing) {
  const DagEntry& dag = waits();
  ASSERT_TRUE(scheduler_.set_paused("d", true, now_));
  EXPECT_TRUE(change("a", "monday").empty());
  EXPECT_TRUE(dag.partitions.empty());
}

TEST_F(PartitionsTest, AnotherMapperDropsWhatWasCollectedWithTheOldOne) {
  const DagEntry& dag = waits();
  const auto arrivals = change("a", "monday");
  waits();
  EXPECT_EQ(dag.partitions.size(), 1U) << "nothing changed";
  waits(
      R"({"__type":"airflow.partition_mappers.fixed_key.FixedKeyMapper","__var":{"downstream_key":"all"}})");
  EXPECT_TRUE(dag.partitions.empty());
  EXPECT_EQ(scheduler_.changes().dropped_partitions, std::vector{arrivals[0].partition});
}

}  // namespace
}  // namespace leoflow::scheduler
