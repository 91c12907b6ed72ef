#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class Deferrals : public EngineTest {
 protected:
  DeferredCall waits_in_python() {
    DeferredCall deferred;
    deferred.call = {"my.Trigger", R"({"x":1})", "go_on", R"({"y":2})", {}};
    return deferred;
  }
  bool defer(const AttemptSpec& spec, DeferredCall deferred) {
    engine_->attempt_started({spec.id, "host", "me", 42, clock_.now()});
    std::promise<bool> accepted;
    engine_->attempt_deferred(spec.id, std::move(deferred), [&](bool ok) { accepted.set_value(ok); });
    return accepted.get_future().get();
  }
  void fire(const Uuid& id, TriggerResult result) {
    std::promise<void> done;
    engine_->trigger_fired(id, std::move(result), [&] { done.set_value(); });
    done.get_future().get();
  }
  AttemptSpec start() {
    put(file_with("d", operator_json("a", R"("b")") + "," + operator_json("b", "")));
    trigger("d");
    return runner_.next();
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Deferrals,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(Deferrals, ATaskGoesOnWithWhatItsTriggerSaid) {
  const AttemptSpec first = start();
  EXPECT_TRUE(defer(first, waits_in_python()));
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'a'"), "deferred");
  const TriggerSpec trigger = runner_.next_trigger();
  EXPECT_EQ(trigger.classpath, "my.Trigger");
  EXPECT_EQ(trigger.kwargs, R"({"x":1})");
  clock_.advance(5s);
  fire(trigger.id, {.next_method = "", .next_kwargs = R"({"y":2,"event":3})", .end_state = {}, .xcoms = {}});
  const AttemptSpec second = runner_.next();
  EXPECT_EQ(second.next_method, "go_on");
  EXPECT_EQ(second.next_kwargs, R"({"y":2,"event":3})");
  EXPECT_EQ(second.try_number, 1);
  EXPECT_NE(second.id, first.id);
  ASSERT_TRUE(second.first_start);
  EXPECT_EQ(*second.first_start, clock_.now() - 5s);
  EXPECT_TRUE(report(second, scheduler::Outcome::success));
  EXPECT_EQ(runner_.next().task_id, "b");
}

TEST_P(Deferrals, AreStartedAgainAfterARestart) {
  EXPECT_TRUE(defer(start(), waits_in_python()));
  const TriggerSpec before = runner_.next_trigger();
  restart();
  const TriggerSpec after = runner_.next_trigger();
  EXPECT_EQ(after.id, before.id);
  fire(after.id, {});
  const AttemptSpec second = runner_.next();
  restart();
  EXPECT_TRUE(report(second, scheduler::Outcome::success)) << "the restart knows that it goes on";
  EXPECT_EQ(runner_.next().task_id, "b");
}

TEST_P(Deferrals, OfATimeFireAfterARestartToo) {
  DeferredCall deferred = waits_in_python();
  deferred.deferral.fires_at = clock_.now() + 60s;
  EXPECT_TRUE(defer(start(), deferred));
  restart();
  EXPECT_TRUE(runner_.idle());
  clock_.advance(60s);
  engine_->wake();
  EXPECT_EQ(runner_.next().next_method, "go_on");
}

TEST_P(Deferrals, ThatTakeTooLongEndInTheTasksOwnFailure) {
  DeferredCall deferred = waits_in_python();
  deferred.call.timeout = 10s;
  EXPECT_TRUE(defer(start(), deferred));
  const TriggerSpec trigger = runner_.next_trigger();
  clock_.advance(10s);
  engine_->wake();
  const AttemptSpec second = runner_.next();
  EXPECT_EQ(second.next_method, "__fail__");
  EXPECT_EQ(second.next_kwargs, R"({"error":"Trigger timeout"})");
  EXPECT_EQ(runner_.stopped(), std::vector{trigger.id});
}

TEST_P(Deferrals, MayEndTheTaskAndLeaveXcoms) {
  EXPECT_TRUE(defer(start(), waits_in_python()));
  fire(runner_.next_trigger().id,
       {.next_method = "", .next_kwargs = "{}", .end_state = dag::TaskState::success, .xcoms = {{"k", "7"}}});
  EXPECT_EQ(runner_.next().task_id, "b");
  EXPECT_EQ(one("SELECT value FROM xcom WHERE task_id = 'a' AND key = 'k'"), "7");
}

TEST_P(Deferrals, ThatNobodyWaitsForAnyMoreChangeNothing) {
  EXPECT_TRUE(defer(start(), waits_in_python()));
  const TriggerSpec trigger = runner_.next_trigger();
  ASSERT_TRUE(engine_->mark_tasks({"d", {{trigger.run_id, "a", -1}}, "failed"}));
  fire(trigger.id, {});
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'a'"), "failed");
}

}  // namespace
}  // namespace leoflow::engine
