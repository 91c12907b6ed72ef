#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

INSTANTIATE_TEST_SUITE_P(Backends, EngineTest,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(EngineTest, ARunGoesThroughAndEveryStepIsStoredBeforeItShows) {
  put(file_with("d", operator_json("a", R"("b")") + "," + operator_json("b", "")));
  trigger("d");
  const AttemptSpec a = runner_.next();
  EXPECT_EQ(a.task_id, "a");
  EXPECT_EQ(a.bundle_path, "/dags");
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'a'"), "queued");
  EXPECT_TRUE(report(a, scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM task_instance WHERE task_id = 'a'"), "success");
  EXPECT_EQ(one("SELECT hostname FROM task_instance WHERE task_id = 'a'"), "host");
  const AttemptSpec b = runner_.next();
  EXPECT_TRUE(report(b, scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
}

TEST_P(EngineTest, ARestartGoesOnWhereItWasAndRunsNothingTwice) {
  put(file_with("d", operator_json("a", R"("b")") + "," + operator_json("b", "")));
  trigger("d");
  const AttemptSpec a = runner_.next();
  engine_->attempt_started({a.id, "host", "me", 42, clock_.now()});
  restart();
  std::promise<std::vector<Uuid>> active;
  engine_->active_attempts([&](const ActiveAttempts& attempts) { active.set_value(attempts.all); });
  EXPECT_EQ(active.get_future().get(), std::vector<Uuid>{a.id});
  EXPECT_TRUE(runner_.idle());
  EXPECT_TRUE(report(a, scheduler::Outcome::success));
  EXPECT_FALSE(report(a, scheduler::Outcome::success)) << "reported again by an agent that saw no answer";
  EXPECT_EQ(runner_.next().task_id, "b");
}

TEST_P(EngineTest, TriesThatAreOverGoIntoTheHistory) {
  put(file_with("d", operator_json("a", "", R"(,"retries":1,"retry_delay":30.0)")));
  trigger("d");
  const AttemptSpec first = runner_.next();
  EXPECT_TRUE(first.should_retry);
  engine_->attempt_started({first.id, "host", "me", 42, clock_.now()});
  std::promise<void> gone;
  engine_->attempt_finished({first.id, -1, "killed by SIGKILL", 1000, 2000}, [&] { gone.set_value(); });
  gone.get_future().get();
  EXPECT_EQ(one("SELECT state FROM task_instance"), "up_for_retry");
  EXPECT_EQ(one("SELECT state FROM task_instance_history"), "failed");
  EXPECT_EQ(one("SELECT failure_reason FROM task_instance_history"), "killed by SIGKILL");
  EXPECT_EQ(one("SELECT failure_reason FROM task_instance"), "");
  clock_.advance(30s);
  engine_->wake();
  const AttemptSpec second = runner_.next();
  EXPECT_EQ(second.try_number, 2);
  EXPECT_FALSE(second.should_retry);
  EXPECT_NE(second.id, first.id);
  EXPECT_TRUE(report(second, scheduler::Outcome::success));
  EXPECT_EQ(count("task_instance_history"), 1);
}

TEST_P(EngineTest, WhatTheDatabaseRefusesFailsAlone) {
  std::promise<void> may_go_on;
  engine_->post(
      {.decide = [&](Deciding&) { may_go_on.get_future().wait(); }});  // those after it are one batch
  const auto put = [&](const char* key, std::optional<std::string> value, std::promise<std::string>& told) {
    engine_->post({.record =
                       [=](store::Session& session) {
                         session.execute("INSERT INTO meta (key, value) VALUES ($1, $2)", {key, value});
                       },
                   .done = [&told] { told.set_value("done"); },
                   .refused = [&told] { told.set_value("refused"); }});
  };
  std::promise<std::string> first, second, third;
  put("first", "1", first);
  put("second", std::nullopt, second);  // it must not be null
  put("third", "3", third);
  may_go_on.set_value();
  EXPECT_EQ(first.get_future().get(), "done");
  EXPECT_EQ(second.get_future().get(), "refused");
  EXPECT_EQ(third.get_future().get(), "done");
  EXPECT_EQ(one("SELECT value FROM meta WHERE key = 'first'"), "1");
  EXPECT_EQ(one("SELECT value FROM meta WHERE key = 'third'"), "3");
}

TEST_P(EngineTest, AFileThatTheDatabaseRefusesIsAnImportErrorAndItsDagsDoNotRun) {
  const auto write = [&](const char* sql) {
    return engine_->write([sql](store::Session& session) -> Result<void> {
      session.execute_script(sql);
      return {};
    });
  };
  ASSERT_TRUE(write("ALTER TABLE dag_tag RENAME TO hidden"));
  put(file_with("d", operator_json("a", "")));
  put(file_with("e", operator_json("a", ""), "e.py"));  // comes after what is said of the first
  EXPECT_NE(one("SELECT stacktrace FROM import_error WHERE filename = 'd.py'").find("The database refuses"),
            std::string::npos);
  EXPECT_FALSE(engine_->trigger_run({.dag_id = "d"}));
  EXPECT_TRUE(runner_.idle());
  ASSERT_TRUE(write("ALTER TABLE hidden RENAME TO dag_tag"));
  put(file_with("d", operator_json("a", "")));
  EXPECT_EQ(count("import_error WHERE filename = 'd.py'"), 0);
  trigger("d");
  EXPECT_EQ(runner_.next().dag_id, "d");
}

TEST_P(EngineTest, ARetryIsStillDueAfterARestart) {
  put(file_with("d", operator_json("a", "", R"(,"retries":1,"retry_delay":30.0)")));
  trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::up_for_retry));
  restart();
  EXPECT_TRUE(runner_.idle());
  clock_.advance(30s);
  engine_->wake();
  EXPECT_EQ(runner_.next().try_number, 2);
}

TEST_P(EngineTest, ATaskThatDependsOnItsPastWaitsForAStoredRun) {
  put(file_with("d", operator_json("a", "", R"(,"depends_on_past":true)")));
  const auto trigger_at = [&](const std::string& run_id, Duration after) {
    TriggerRun command;
    command.dag_id = "d";
    command.run_id = run_id;
    command.logical_date = clock_.now() + after;
    ASSERT_TRUE(engine_->trigger_run(command));
  };
  trigger_at("first", 0s);
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::failed));
  restart();
  trigger_at("second", 1s);
  trigger_at("third", 2s);
  EXPECT_TRUE(runner_.idle());
  ASSERT_TRUE(engine_->mark_tasks({.dag_id = "d", .tasks = {{"first", "a"}}, .state = "success"}));
  const AttemptSpec second = runner_.next();
  EXPECT_EQ(second.run_id, "second");
  EXPECT_TRUE(report(second, scheduler::Outcome::failed));
  EXPECT_TRUE(runner_.idle());
  ASSERT_TRUE(engine_->delete_run("d", "second"));
  EXPECT_EQ(runner_.next().run_id, "third") << "the first, which succeeded, is before it now";
}

TEST_P(EngineTest, ARescheduledTaskIsStillDueAfterARestart) {
  put(file_with("d", operator_json("a", "")));
  trigger("d");
  const AttemptSpec first = runner_.next();
  engine_->attempt_started({first.id, "host", "me", 42, clock_.now()});
  std::promise<bool> accepted;
  engine_->attempt_rescheduled(first.id, clock_.now() + 30s, [&](bool ok) { accepted.set_value(ok); });
  EXPECT_TRUE(accepted.get_future().get());
  restart();
  EXPECT_TRUE(runner_.idle());
  clock_.advance(30s);
  engine_->wake();
  const AttemptSpec again = runner_.next();
  EXPECT_EQ(again.try_number, 1);
  EXPECT_EQ(again.reschedule_count, 1);
  EXPECT_EQ(count("task_instance_history"), 0);
}

TEST_P(EngineTest, FailuresInARowBeforeARestartCount) {
  ParsedFile file = file_with("d", operator_json("a", ""));
  file.serialized_dags[0].at("dag").as_object()["max_consecutive_failed_dag_runs"] = 2;
  put(std::move(file));
  trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::failed));
  restart();
  EXPECT_EQ(count("dag WHERE is_paused = 1"), 0);
  clock_.advance(1s);
  trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::failed));
  EXPECT_EQ(count("dag WHERE is_paused = 1"), 1);
  EXPECT_EQ(one("SELECT event FROM event_log"), "paused");
}

TEST_P(EngineTest, FinishedRunsCanBeClearedAgainAfterARestart) {
  put(file_with("d", operator_json("a", "")));
  const std::string run_id = trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::failed));
  EXPECT_EQ(one("SELECT state FROM dag_run"), "failed");
  restart();
  ClearTasks command;
  command.dag_id = "d";
  command.tasks = {{run_id, "a", -1}};
  command.note = "once more";
  ASSERT_TRUE(engine_->clear_tasks(command));
  EXPECT_EQ(one("SELECT note FROM task_instance"), "once more");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
}

TEST_P(EngineTest, TakenRunIdsAndDatesAreRefused) {
  put(file_with("d", operator_json("a", "")));
  TriggerRun command;
  command.dag_id = "d";
  command.run_id = "mine";
  command.logical_date = clock_.now();
  ASSERT_TRUE(engine_->trigger_run(command));
  EXPECT_EQ(engine_->trigger_run(command).error().code, ErrorCode::conflict);
  command.run_id = "other";
  EXPECT_EQ(engine_->trigger_run(command).error().code, ErrorCode::conflict);
  command.dag_id = "nobody";
  EXPECT_EQ(engine_->trigger_run(command).error().code, ErrorCode::not_found);
  EXPECT_EQ(count("dag_run"), 1);
}

TEST_P(EngineTest, AVersionIsNewOnlyIfTheStructureChangedAndTheOldOneRan) {
  put(file_with("d", operator_json("a", "")));
  put(file_with("d", operator_json("a", "")));
  EXPECT_EQ(count("dag_version"), 1);
  put(file_with("d", operator_json("b", "")));
  EXPECT_EQ(count("dag_version"), 1) << "never ran: changed in place";
  trigger("d");
  put(file_with("d", operator_json("c", "")));
  EXPECT_EQ(count("dag_version"), 2);
  EXPECT_EQ(runner_.next().task_id, "b") << "a run keeps its version";
}

TEST_P(EngineTest, TwoFilesWithOneDagIdAreAnImportErrorOfTheSecond) {
  put(file_with("d", operator_json("a", "")));
  put(file_with("d", operator_json("a", ""), "other.py"));
  EXPECT_EQ(one("SELECT filename FROM import_error"), "other.py");
  EXPECT_NE(one("SELECT stacktrace FROM import_error").find("/dags/d.py"), std::string::npos);
}

TEST_P(EngineTest, AnImportErrorKeepsTheLastGoodVersion) {
  put(file_with("d", operator_json("a", "")));
  ParsedFile broken = file_with("d", "");
  broken.serialized_dags.clear();
  broken.import_error = "SyntaxError: invalid syntax";
  put(broken);
  EXPECT_EQ(count("import_error"), 1);
  trigger("d");
  EXPECT_EQ(runner_.next().task_id, "a");
  put(file_with("d", operator_json("a", "")));
  EXPECT_EQ(count("import_error"), 0);
}

TEST_P(EngineTest, AWriteThatFailsUndoesOnlyItself) {
  const auto insert = [](const char* name) {
    return [name](store::Session& session) -> Result<void> {
      session.execute("INSERT INTO pool (name, slots, include_deferred) VALUES ($1, 1, 0)", {name});
      return {};
    };
  };
  ASSERT_TRUE(engine_->write(insert("p")));
  EXPECT_EQ(engine_->write(insert("p")).error().code, ErrorCode::conflict);
  const auto refused = engine_->write([](store::Session& session) -> Result<void> {
    session.execute("INSERT INTO pool (name, slots, include_deferred) VALUES ('q', 1, 0)");
    return fail(ErrorCode::invalid, "no");
  });
  EXPECT_EQ(refused.error().message, "no");
  EXPECT_EQ(count("pool"), 2);
}

TEST_P(EngineTest, DeletingADagTakesItsRunsAlong) {
  put(file_with("d", operator_json("a", "")));
  trigger("d");
  const AttemptSpec a = runner_.next();
  EXPECT_EQ(engine_->delete_dag("d").error().code, ErrorCode::conflict) << "a task runs";
  EXPECT_TRUE(report(a, scheduler::Outcome::success));
  ASSERT_TRUE(engine_->delete_dag("d"));
  EXPECT_EQ(count("dag") + count("dag_run") + count("task_instance") + count("dag_version"), 0);
}

TEST_P(EngineTest, MarkingARunFailedStopsItsAttempts) {
  put(file_with("d", operator_json("a", "")));
  const std::string run_id = trigger("d");
  const AttemptSpec a = runner_.next();
  ASSERT_TRUE(engine_->mark_run({"d", run_id, "failed"}));
  EXPECT_EQ(runner_.stopped(), std::vector<Uuid>{a.id});
  EXPECT_EQ(one("SELECT state FROM task_instance"), "failed");
}

TEST_P(EngineTest, DeletedRunsAreGone) {
  put(file_with("d", operator_json("a", "")));
  const std::string run_id = trigger("d");
  ASSERT_TRUE(engine_->delete_run("d", run_id));
  EXPECT_EQ(engine_->delete_run("d", run_id).error().code, ErrorCode::not_found);
  EXPECT_EQ(count("dag_run") + count("task_instance"), 0);
}

TEST_P(EngineTest, ADagPointsAtTheRunThatWasMadeLastAndAtTheOneOfTheLatestDate) {
  put(file_with("d", operator_json("a", "")));
  const auto trigger_at = [&](const std::string& run_id, std::optional<Time> date) {
    TriggerRun command;
    command.dag_id = "d";
    command.run_id = run_id;
    command.logical_date = date;
    ASSERT_TRUE(engine_->trigger_run(command));
  };
  const auto pointed_at = [&] {
    return one(
        "SELECT (SELECT run_id FROM dag_run WHERE id = last_run) || ' ' || "
        "(SELECT run_id FROM dag_run WHERE id = latest_dated_run) FROM dag");
  };
  trigger_at("late", clock_.now() + 10s);
  trigger_at("early", clock_.now() + 5s);
  trigger_at("undated", std::nullopt);
  EXPECT_EQ(pointed_at(), "undated late");
  ASSERT_TRUE(engine_->delete_run("d", "undated"));
  EXPECT_EQ(pointed_at(), "early late");
  ASSERT_TRUE(engine_->delete_run("d", "late"));
  EXPECT_EQ(pointed_at(), "early early");
}

}  // namespace
}  // namespace leoflow::engine
