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
  EXPECT_EQ(before.kind, scheduler::CallbackKind::dag_failure);
  EXPECT_EQ(before.reason, "task_failure");
  EXPECT_EQ(before.cause.task_id, "a");
  restart();
  const CallbackSpec after = runner_.next_callback();
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.cause.run_id, before.cause.run_id);
  engine_->callback_done(after.id, "");
  ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  EXPECT_EQ(count("callback"), 0);
}

TEST_P(Callbacks, AnEndForWhichTheDagHasNoneCallsNobody) {
  EXPECT_TRUE(report(start(), scheduler::Outcome::success));
  EXPECT_EQ(count("callback"), 0);
}

TEST_P(Callbacks, ATryWhoseProcessIsGoneTellsTheTasksCallbackAndEmail) {
  ParsedFile file = file_with("d", operator_json("a", "", R"(,"retries":1,"retry_delay":0.0,"email":"x@y",
    "has_on_retry_callback":true,"has_on_failure_callback":true,"email_on_retry":false)"));
  put(std::move(file));
  trigger("d");
  const AttemptSpec first = runner_.next();
  engine_->attempts_lost({first.id}, "its machine burned");
  const CallbackSpec retry = runner_.next_callback();
  EXPECT_EQ(retry.kind, scheduler::CallbackKind::task_retry);
  EXPECT_EQ(retry.cause.id, first.id);
  EXPECT_EQ(retry.cause.try_number, 1);
  EXPECT_EQ(retry.reason, "its machine burned");
  engine_->attempts_lost({runner_.next().id}, "again");
  const CallbackSpec failure = runner_.next_callback();
  EXPECT_EQ(failure.kind, scheduler::CallbackKind::task_failure);
  EXPECT_EQ(failure.cause.try_number, 2);
  EXPECT_EQ(runner_.next_callback().kind, scheduler::CallbackKind::failure_email);
}

}  // namespace
}  // namespace leoflow::engine
