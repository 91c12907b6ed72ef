#include <algorithm>

#include "scheduler/scheduler_fixture.hpp"

namespace leoflow::scheduler {
namespace {

using Kind = dag::AssetCondition::Kind;

dag::AssetCondition leaf(dag::AssetLeaf::Kind kind, const std::string& name, const std::string& uri = "") {
  dag::AssetCondition out;
  out.leaf.kind = kind;
  out.leaf.key = {name, uri};
  return out;
}
dag::AssetCondition asset(const std::string& name) {
  return leaf(dag::AssetLeaf::Kind::asset, name, "x://" + name);
}
dag::AssetKey key(const std::string& name) {
  return {name, "x://" + name};
}
dag::AssetCondition of(Kind kind, std::vector<dag::AssetCondition> parts) {
  dag::AssetCondition out;
  out.kind = kind;
  out.parts = std::move(parts);
  return out;
}

class AssetsTest : public SchedulerTest {
 protected:
  DagEntry& waits_for(dag::AssetCondition condition, int max_active_runs = 16) {
    DagBuilder dag;
    dag.task("t");
    dag.properties().asset_condition = std::move(condition);
    dag.properties().max_active_runs = max_active_runs;
    scheduler_.put_dag("d", "v1", dag.build(), false, std::nullopt, now_);
    return *scheduler_.find_dag("d");
  }
  void change(const std::string& name, const std::vector<std::string>& aliases = {}) {
    now_ += 1s;
    scheduler_.asset_changed(key(name), aliases, now_);
  }
  void tick() {
    scheduler_.tick(now_);
    step();
  }
};

TEST_F(AssetsTest, ARunComesWhenTheOneBeforeItIsDeleted) {
  DagEntry& dag = waits_for(asset("a"), 1);
  change("a");
  tick();
  ASSERT_EQ(dag.runs.size(), 1U);
  change("a");
  tick();
  ASSERT_EQ(dag.runs.size(), 1U) << "there is no place";
  const std::string first = dag.runs.begin()->first;
  ASSERT_TRUE(scheduler_.delete_run("d", first));
  tick();
  EXPECT_TRUE(std::ranges::any_of(dag.runs, [&](const auto& run) { return run.first != first; }));
}

TEST_F(AssetsTest, ARunComesWhenAllAssetsOfAListChanged) {
  DagEntry& dag = waits_for(of(Kind::all, {asset("a"), asset("b")}));
  change("a");
  tick();
  EXPECT_TRUE(dag.runs.empty());
  change("b");
  scheduler_.tick(now_);
  ASSERT_EQ(dag.runs.size(), 1U);
  const DagRun& run = *dag.runs.begin()->second;
  EXPECT_EQ(run.type, RunType::asset_triggered);
  EXPECT_FALSE(run.logical_date);
  EXPECT_EQ(run.run_after, now_);
  EXPECT_EQ(scheduler_.changes().asset_runs.size(), 1U);
  EXPECT_TRUE(dag.queued_assets.empty());
}

TEST_F(AssetsTest, NoRunComesIfOnlyWhatIsTriggeredShallRun) {
  scheduler_.set_makes_runs(false);
  const DagEntry& dag = waits_for(asset("a"));
  change("a");
  tick();
  EXPECT_TRUE(dag.runs.empty());
}

TEST_F(AssetsTest, EitherOfTwoIsEnoughIfTheScheduleSaysSo) {
  DagEntry& dag = waits_for(of(Kind::any, {asset("a"), of(Kind::all, {asset("b"), asset("c")})}));
  change("b");
  tick();
  EXPECT_TRUE(dag.runs.empty());
  change("a");
  tick();
  EXPECT_EQ(dag.runs.size(), 1U);
}

TEST_F(AssetsTest, ChangesInOneGoMakeOneRun) {
  DagEntry& dag = waits_for(of(Kind::any, {asset("a"), asset("b")}));
  scheduler_.asset_changed(key("a"), {}, now_);
  scheduler_.asset_changed(key("b"), {}, now_);
  scheduler_.asset_changed(key("a"), {}, now_);
  tick();
  EXPECT_EQ(dag.runs.size(), 1U);
}

TEST_F(AssetsTest, APausedDagCollectsNothingButKeepsWhatItHas) {
  DagEntry& dag = waits_for(of(Kind::all, {asset("a"), asset("b")}));
  change("a");
  ASSERT_TRUE(scheduler_.set_paused("d", true, now_));
  change("b");
  ASSERT_TRUE(scheduler_.set_paused("d", false, now_));
  tick();
  EXPECT_TRUE(dag.runs.empty());
  change("b");
  tick();
  EXPECT_EQ(dag.runs.size(), 1U);
}

TEST_F(AssetsTest, AtMaxActiveRunsTheNextRunWaitsForOneToEnd) {
  DagEntry& dag = waits_for(asset("a"), 1);
  change("a");
  tick();
  DagRun& first = *dag.runs.begin()->second;
  change("a");
  tick();
  EXPECT_EQ(dag.runs.size(), 1U);
  report(first, "t", Outcome::success);
  scheduler_.sweep();
  tick();
  EXPECT_EQ(dag.runs.size(), 1U) << "the second, the first is over";
  EXPECT_TRUE(dag.queued_assets.empty());
}

TEST_F(AssetsTest, AnAliasStandsForWhatWasPutOnIt) {
  DagEntry& dag = waits_for(leaf(dag::AssetLeaf::Kind::alias, "al"));
  change("a");
  tick();
  EXPECT_TRUE(dag.runs.empty()) << "not by that alias";
  change("a", {"al"});
  tick();
  EXPECT_EQ(dag.runs.size(), 1U);
}

TEST_F(AssetsTest, AReferenceByNameStandsForTheAssetThatSomeDagDefines) {
  DagBuilder producer;
  producer.task("p");
  producer.properties().dag_id = "p";
  producer.properties().task_assets.push_back({0, true, asset("a").leaf});
  scheduler_.put_dag("p", "v1", producer.build(), false, std::nullopt, now_);
  DagEntry& dag = waits_for(leaf(dag::AssetLeaf::Kind::name_ref, "a"));
  change("a");
  tick();
  EXPECT_EQ(dag.runs.size(), 1U);
}

TEST_F(AssetsTest, ADagThatNoLongerWaitsForAnAssetIsLeftAlone) {
  DagEntry& dag = waits_for(asset("a"));
  waits_for(asset("b"));
  change("a");
  tick();
  EXPECT_TRUE(dag.runs.empty());
  EXPECT_TRUE(dag.queued_assets.empty());
}

}  // namespace
}  // namespace leoflow::scheduler
