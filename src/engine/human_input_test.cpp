#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class HumanInput : public EngineTest {
 protected:
  AttemptSpec start() {
    put(file_with("d", operator_json("a", "")));
    trigger("d");
    return runner_.next();
  }
  /// What a task's question leaves in the store.
  void ask(const std::string& defaults = "NULL") {
    const auto asked = engine_->write([&](store::Session& session) -> Result<void> {
      session.execute(
          "INSERT INTO hitl_detail (dag_id, run_id, task_id, map_index, try_number, options, subject, "
          "defaults,"
          " multiple, params, assigned_users, created_at, params_input) SELECT dag_id, run_id, task_id, "
          "map_index,"
          " try_number, '[\"x\",\"y\"]', 'Which?', " +
          defaults + ", 0, '{\"n\":{\"value\":7}}', '[]', 0, '{}' FROM task_instance");
      return {};
    });
    EXPECT_TRUE(asked);
  }
  bool await(const AttemptSpec& spec, std::optional<Duration> timeout = std::nullopt) {
    DeferredCall question;
    question.deferral.for_input = true;
    question.call.next_method = "go_on";
    question.call.next_kwargs = R"({"mine":1})";
    question.call.timeout = timeout;
    engine_->attempt_started({spec.id, "host", "me", 42, clock_.now()});
    std::promise<bool> accepted;
    engine_->attempt_deferred(spec.id, std::move(question), [&](bool ok) { accepted.set_value(ok); });
    return accepted.get_future().get();
  }
  Result<void> answer(const AttemptSpec& spec) {
    return engine_->answer_input(
        {"d", {spec.run_id, "a", -1}, 1, {"x"}, {{"n", 8}}, "ann", "Ann", clock_.now()});
  }
  static json::value event_of(const AttemptSpec& spec) {
    EXPECT_EQ(spec.next_method, "go_on");
    const auto kwargs = parse_json(spec.next_kwargs);
    EXPECT_EQ(get_integer(*kwargs, "mine", 0), 1);
    return *find(*kwargs, "event");
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, HumanInput,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(HumanInput, ATaskWaitsAndGoesOnWithTheAnswer) {
  const AttemptSpec spec = start();
  ask();
  ASSERT_TRUE(await(spec));
  EXPECT_EQ(one("SELECT state FROM task_instance"), "awaiting_input");
  ASSERT_TRUE(answer(spec));
  const AttemptSpec second = runner_.next();
  const json::value event = event_of(second);
  EXPECT_EQ(*find(event, "chosen_options"), json::value(json::array{"x"}));
  EXPECT_EQ(get_text(*find(event, "responded_by_user"), "name"), "Ann");
  EXPECT_FALSE(get_bool(event, "timedout", true));
  EXPECT_EQ(second.try_number, 1);
  const auto again = answer(spec);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
}

TEST_P(HumanInput, AnAnswerThatComesBeforeTheTaskWaitsIsNotLost) {
  const AttemptSpec spec = start();
  ask();
  ASSERT_TRUE(answer(spec));
  ASSERT_TRUE(await(spec));
  EXPECT_EQ(get_text(*find(event_of(runner_.next()), "responded_by_user"), "id"), "ann");
}

TEST_P(HumanInput, AnAnswerFromBeforeACrashIsFoundAfterIt) {
  const AttemptSpec spec = start();
  ask();
  ASSERT_TRUE(await(spec));
  ASSERT_TRUE(engine_->write([](store::Session& session) -> Result<void> {
    session.execute("UPDATE hitl_detail SET responded_at = 1, chosen_options = '[\"y\"]'");
    return {};
  }));
  restart();
  EXPECT_EQ(*find(event_of(runner_.next()), "chosen_options"), json::value(json::array{"y"}));
}

TEST_P(HumanInput, AfterItsTimeTheDefaultIsTheAnswer) {
  const AttemptSpec spec = start();
  ask("'[\"y\"]'");
  ASSERT_TRUE(await(spec, 60s));
  clock_.advance(60s);
  engine_->wake();
  const json::value event = event_of(runner_.next());
  EXPECT_EQ(*find(event, "chosen_options"), json::value(json::array{"y"}));
  EXPECT_EQ(get_integer(*find(event, "params_input"), "n", 0), 7);
  EXPECT_TRUE(get_bool(event, "timedout", false));
  EXPECT_EQ(one("SELECT chosen_options FROM hitl_detail"), R"(["y"])");
}

TEST_P(HumanInput, AfterItsTimeWithoutADefaultTheTaskIsToldSo) {
  const AttemptSpec spec = start();
  ask();
  ASSERT_TRUE(await(spec, 60s));
  restart();
  clock_.advance(60s);
  engine_->wake();
  EXPECT_EQ(get_text(event_of(runner_.next()), "error_type"), "timeout");
}

}  // namespace
}  // namespace leoflow::engine
