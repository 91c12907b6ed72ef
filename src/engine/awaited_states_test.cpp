#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

constexpr std::string_view kModule = "airflow.providers.standard.triggers.external_task.";

/// A task of "waiting" that is deferred until something of "other" is in some state.
class States : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    put(file_with("waiting", operator_json("wait", ""), "waiting.py"));
    put(file_with("other", operator_json("a", R"("b")") + "," + operator_json("b", ""), "other.py"));
  }
  void wait_for(std::string_view trigger_class, const std::string& kwargs) {
    trigger("waiting");
    const AttemptSpec waits = runner_.next();
    DeferredCall deferred;
    deferred.call = {std::string(kModule) + std::string(trigger_class), kwargs, "go_on", R"({"y":2})", {}};
    engine_->attempt_started({waits.id, "host", "me", 42, clock_.now()});
    std::promise<bool> accepted;
    engine_->attempt_deferred(waits.id, std::move(deferred), [&](bool ok) { accepted.set_value(ok); });
    ASSERT_TRUE(accepted.get_future().get());
  }
  std::string trigger_other(Time date) {
    TriggerRun command;
    command.dag_id = "other";
    command.logical_date = date;
    return engine_->trigger_run(command).value();
  }
  /// The serialized date, in a list.
  static std::string dates(Time date) {
    return json::serialize(json::array{dag::encode_moment(date, "datetime.datetime")});
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, States, testing::Values(store::Backend::sqlite, store::Backend::postgres),
                         backend_name);

TEST_P(States, OfARunAreToldWhenItEndsWithoutAnybodyAsking) {
  const std::string run_id = trigger("other");
  const AttemptSpec a = runner_.next();
  wait_for("DagStateTrigger",
           fmt::format(R"({{"dag_id":"other","states":["success","failed"],"run_ids":["{}"]}})", run_id));
  EXPECT_TRUE(report(a, scheduler::Outcome::success));
  const AttemptSpec b = runner_.next();
  EXPECT_EQ(b.task_id, "b");
  EXPECT_TRUE(runner_.idle());
  EXPECT_TRUE(report(b, scheduler::Outcome::failed));
  const AttemptSpec goes_on = runner_.next();
  EXPECT_EQ(goes_on.next_method, "go_on");
  EXPECT_EQ(goes_on.next_kwargs,
            fmt::format(R"({{"y":2,"event":{{"__classname__":"builtins.tuple","__version__":1,"__data__":[)"
                        R"("{}DagStateTrigger",{{"dag_id":"other","states":["success","failed"],)"
                        R"("run_ids":["{}"],"{}":"failed"}}]}}}})",
                        kModule, run_id, run_id));
}

TEST_P(States, ThatAreReachedAlreadyAreToldAtOnce) {
  const std::string run_id = trigger("other");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  wait_for("DagStateTrigger",
           fmt::format(R"({{"dag_id":"other","states":["success"],"run_ids":["{}"]}})", run_id));
  EXPECT_EQ(runner_.next().next_method, "go_on");
}

TEST_P(States, OfATaskAreWaitedForByDateEvenBeforeThereIsARun) {
  const Time date = clock_.now() - 24h;
  wait_for(
      "WorkflowTrigger",
      fmt::format(R"({{"external_dag_id":"other","external_task_ids":["a"],"allowed_states":["success"],)"
                  R"("failed_states":["failed"],"logical_dates":{}}})",
                  dates(date)));
  trigger_other(date);
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  std::map<std::string, AttemptSpec> next;
  for (int i = 0; i < 2; ++i) {
    const AttemptSpec spec = runner_.next();
    next[spec.task_id] = spec;
  }
  EXPECT_TRUE(next.contains("b"));
  EXPECT_EQ(next["wait"].next_kwargs, R"({"y":2,"event":{"status":"success"}})");
}

TEST_P(States, AreWaitedForAfterARestart) {
  const Time date = clock_.now() - 24h;
  trigger_other(date);
  const AttemptSpec a = runner_.next();
  wait_for("WorkflowTrigger", fmt::format(R"({{"external_dag_id":"other","allowed_states":["success"],)"
                                          R"("failed_states":["failed"],"logical_dates":{}}})",
                                          dates(date)));
  restart();
  EXPECT_TRUE(report(a, scheduler::Outcome::failed));
  EXPECT_EQ(runner_.next().next_kwargs, R"({"y":2,"event":{"status":"failed"}})");
}

TEST_P(States, OfAllTasksOfAGroupCount) {
  ParsedFile grouped =
      file_with("other", operator_json("g.a", R"("g.b")") + "," + operator_json("g.b", ""), "other.py");
  grouped.source = "# grouped";
  grouped.serialized_dags[0].at("dag").as_object()["task_group"] =
      *parse_json(R"({"_group_id":null,"children":{"g":["taskgroup",{"_group_id":"g","children":)"
                  R"({"g.a":["operator","g.a"],"g.b":["operator","g.b"]}}]}})");
  put(std::move(grouped));
  const Time date = clock_.now() - 24h;
  trigger_other(date);
  const AttemptSpec a = runner_.next();
  wait_for("WorkflowTrigger", fmt::format(R"({{"external_dag_id":"other","external_task_group_id":"g",)"
                                          R"("allowed_states":["success"],"logical_dates":{}}})",
                                          dates(date)));
  EXPECT_TRUE(report(a, scheduler::Outcome::success));
  const AttemptSpec b = runner_.next();
  ASSERT_EQ(b.task_id, "g.b");
  EXPECT_TRUE(report(b, scheduler::Outcome::success));
  EXPECT_EQ(runner_.next().next_kwargs, R"({"y":2,"event":{"status":"success"}})");
}

TEST_P(States, ThatNobodyWaitsForAnyMoreChangeNothing) {
  const std::string run_id = trigger("other");
  const AttemptSpec a = runner_.next();
  wait_for("DagStateTrigger",
           fmt::format(R"({{"dag_id":"other","states":["failed"],"run_ids":["{}"]}})", run_id));
  ASSERT_TRUE(engine_->mark_tasks(
      {"waiting", {{one("SELECT run_id FROM dag_run WHERE dag_id = 'waiting'"), "wait", -1}}, "failed"}));
  EXPECT_TRUE(report(a, scheduler::Outcome::failed));
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'wait'"), "failed");
  EXPECT_TRUE(runner_.idle());
}

}  // namespace
}  // namespace leoflow::engine
