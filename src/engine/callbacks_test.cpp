#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class Callbacks : public EngineTest {
 protected:
  AttemptSpec start() {
    ParsedFile file = file_with("d", operator_json("a", ""));
    file.serialized_dags[0].at("dag").as_object()["has_on_failure_callback"] = true;
    put(std::move(file));
    trigger("d");
    return runner_.next();
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Callbacks,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(Callbacks, OneThatIsNotDoneRunsAgainAfterARestart) {
  EXPECT_TRUE(report(start(), scheduler::Outcome::failed));
  const CallbackSpec before = runner_.next_callback();
  EXPECT_TRUE(before.is_failure);
  EXPECT_EQ(before.reason, "task_failure");
  EXPECT_EQ(before.cause.task_id, "a");
  restart();
  const CallbackSpec after = runner_.next_callback();
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.cause.run_id, before.cause.run_id);
  engine_->callback_done(after.id, "");
  ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  EXPECT_EQ(count("dag_callback"), 0);
}

TEST_P(Callbacks, AnEndForWhichTheDagHasNoneCallsNobody) {
  EXPECT_TRUE(report(start(), scheduler::Outcome::success));
  EXPECT_EQ(count("dag_callback"), 0);
}

}  // namespace
}  // namespace leoflow::engine
