#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class MappedTasks : public EngineTest {
 protected:
  MappedTasks() = default;

  ParsedFile mapped_file() {
    return file_with(
        "d", operator_json("make", R"("each")") + "," +
                 operator_json("each", "",
                               R"(,"_is_mapped":true,"_expand_input_attr":"expand_input","expand_input":
        {"type":"list-of-dicts","value":{"__type":"xcomref","__var":{"task_id":"make","key":"return_value"}}})"));
  }
  void push(const AttemptSpec& spec, scheduler::PushedXcom pushed) {
    std::promise<void> stored;
    Item item;
    item.decide = [&](Deciding& d) { d.scheduler.note_pushed(spec.id, pushed); };
    item.done = [&] { stored.set_value(); };
    engine_->post(std::move(item));
    stored.get_future().get();
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, MappedTasks,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(MappedTasks, TheirInstancesAreStoredWhenTheyComeToBe) {
  put(mapped_file());
  trigger("d");
  const AttemptSpec make = runner_.next();
  push(make, {.map_length = 3, .skips = {}});
  EXPECT_TRUE(report(make, scheduler::Outcome::success));
  for (int k = 0; k < 3; ++k) EXPECT_EQ(runner_.next().map_index, k);
  EXPECT_EQ(count("task_instance WHERE task_id = 'each' AND state = 'queued'"), 3);
  EXPECT_EQ(count("task_instance WHERE map_index = -1"), 1);
}

TEST_P(MappedTasks, AreKnownAgainAfterARestart) {
  put(mapped_file());
  const std::string run_id = trigger("d");
  const AttemptSpec make = runner_.next();
  push(make, {.map_length = 2, .skips = {}});
  restart();
  EXPECT_TRUE(report(make, scheduler::Outcome::success)) << "its length is not forgotten";
  runner_.next();
  const AttemptSpec second = runner_.next();
  EXPECT_EQ(second.map_index, 1);
  restart();
  EXPECT_TRUE(report(second, scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'each' AND map_index = 1"), "success");
  EXPECT_EQ(one("SELECT state FROM dag_run"), "running");
}

TEST_P(MappedTasks, WhoseFirstInstanceIsGoneFromTheStoreStillLoad) {
  put(mapped_file());
  const std::string run_id = trigger("d");
  const AttemptSpec make = runner_.next();
  push(make, {.map_length = 2, .skips = {}});
  EXPECT_TRUE(report(make, scheduler::Outcome::success));
  for (int k = 0; k < 2; ++k) EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  ASSERT_TRUE(engine_->delete_task("d", {run_id, "each", 0}));
  ASSERT_TRUE(engine_->clear_tasks({"d", {{run_id, "each", 1}}, true, {}, {}}));
  EXPECT_EQ(runner_.next().map_index, 1);
}

TEST_P(MappedTasks, ABranchsDecisionOutlivesARestart) {
  put(file_with("d", operator_json("branch", R"("left","right")", R"(,"_can_skip_downstream":true)") + "," +
                         operator_json("left", "") + "," + operator_json("right", "")));
  const std::string run_id = trigger("d");
  const AttemptSpec branch = runner_.next();
  ASSERT_TRUE(engine_->write([&](store::Session& session) -> Result<void> {
    session.execute(
        "INSERT INTO xcom (dag_id, run_id, task_id, map_index, key, value, created_at)"
        " VALUES ('d', $1, 'branch', -1, 'skipmixin_key', $2, 0)",
        {run_id, R"({"followed":["right"]})"});
    return {};
  }));
  restart();
  EXPECT_TRUE(report(branch, scheduler::Outcome::success));
  EXPECT_EQ(runner_.next().task_id, "right");
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'left'"), "skipped");
}

}  // namespace
}  // namespace leoflow::engine
