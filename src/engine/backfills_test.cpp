#include "base/time_text.hpp"
#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class Backfills : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (!engine_) return;
    ParsedFile file = file_with("d", operator_json("a", ""));
    file.serialized_dags[0].at("dag").as_object()["timetable"] =
        *parse_json(R"({"__type":"airflow.timetables.interval.CronDataIntervalTimetable",
                        "__var":{"expression":"0 0 * * *","timezone":"UTC"}})");
    file.serialized_dags[0].at("dag").as_object()["start_date"] = 4e9;
    put(std::move(file));
  }
  /// Of the days before today, by how many days ago.
  CreateBackfill request(int first, int last) const {
    CreateBackfill command;
    command.dag_id = "d";
    command.from_date = clock_.now() - first * 24h;
    command.to_date = clock_.now() - last * 24h;
    command.max_active_runs = 1;
    command.user = "ann";
    return command;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Backfills,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(Backfills, RunOneAfterTheOtherAlsoOverARestartUntilItIsComplete) {
  ASSERT_EQ(engine_->plan_backfill(request(5, 3))->size(), 3U);
  const auto id = engine_->create_backfill(request(5, 3));
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(count("dag_run"), 3);
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  const AttemptSpec second = runner_.next();
  EXPECT_EQ(second.run_type, "backfill");
  restart();
  const auto busy = engine_->create_backfill(request(9, 8));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, ErrorCode::conflict);
  EXPECT_TRUE(report(second, scheduler::Outcome::failed));
  EXPECT_EQ(count("backfill WHERE completed_at IS NULL AND id = " + std::to_string(*id)), 1);
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(count("backfill WHERE completed_at IS NOT NULL"), 1);
}

TEST_P(Backfills, MoreRunsThanMayHoldUpTheOthersAreRefused) {
  ParsedFile file = file_with("d", operator_json("a", ""));
  file.serialized_dags[0].at("dag").as_object()["timetable"] =
      *parse_json(R"({"__type":"airflow.timetables.interval.CronDataIntervalTimetable",
                      "__var":{"expression":"* * * * *","timezone":"UTC"}})");
  put(std::move(file));
  CreateBackfill command = request(14, 13);
  EXPECT_EQ(engine_->plan_backfill(command)->size(), 1441U);
  command.from_date = Time{} - 24h * 365 * 1900;
  const auto plan = engine_->plan_backfill(command);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::unprocessable);
  EXPECT_NE(plan.error().message.find("more than 20000 runs"), std::string::npos);
  EXPECT_FALSE(engine_->create_backfill(command));
  EXPECT_EQ(count("backfill"), 0);
}

TEST_P(Backfills, WhatFailedRunsAgainIfAskedAndOthersDoNot) {
  ASSERT_TRUE(engine_->create_backfill(request(4, 3)));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::failed));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_TRUE(engine_->plan_backfill(request(4, 3))->empty());
  CreateBackfill again = request(4, 3);
  again.reprocess_behavior = "failed";
  again.conf = json::object{{"k", 1}};
  const auto id = engine_->create_backfill(again);
  ASSERT_TRUE(id) << id.error().message;
  const AttemptSpec spec = runner_.next();
  EXPECT_EQ(spec.run_conf, R"({"k":1})");
  EXPECT_EQ(spec.try_number, 2);
  EXPECT_EQ(count("dag_run WHERE backfill_id = " + std::to_string(*id)), 1);
  EXPECT_TRUE(report(spec, scheduler::Outcome::success));
  EXPECT_EQ(count("backfill WHERE completed_at IS NOT NULL"), 2);
}

TEST_P(Backfills, ATaskInstanceThatSomebodyDeletedDoesNotBeginInARunThatRunsAgain) {
  ParsedFile file = file_with("d", operator_json("a", "") + "," + operator_json("b", ""));
  file.serialized_dags[0].at("dag").as_object()["timetable"] =
      *parse_json(R"({"__type":"airflow.timetables.interval.CronDataIntervalTimetable",
                      "__var":{"expression":"0 0 * * *","timezone":"UTC"}})");
  file.serialized_dags[0].at("dag").as_object()["start_date"] = 4e9;
  put(std::move(file));
  ASSERT_TRUE(engine_->create_backfill(request(4, 4)));
  const AttemptSpec first = runner_.next();
  EXPECT_TRUE(report(first, scheduler::Outcome::failed));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  ASSERT_TRUE(engine_->delete_task("d", {first.run_id, "a", -1}));
  CreateBackfill again = request(4, 4);
  again.reprocess_behavior = "failed";
  ASSERT_TRUE(engine_->create_backfill(again));
  const AttemptSpec only = runner_.next();
  EXPECT_EQ(only.task_id, "b");
  EXPECT_TRUE(report(only, scheduler::Outcome::success));
  EXPECT_TRUE(runner_.idle());
  EXPECT_EQ(count("dag_run WHERE state = 'success'"), 1);
}

TEST_P(Backfills, ARunWhoseIdAnotherHasIsNotMade) {
  const CreateBackfill days = request(5, 3);
  const auto planned = engine_->plan_backfill(days);
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->size(), 3U);
  TriggerRun other;
  other.dag_id = "d";
  other.run_id = "backfill__" + to_iso_offset(planned->at(0).run_after);
  ASSERT_TRUE(engine_->trigger_run(other));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(engine_->plan_backfill(days)->size(), 2U);
  ASSERT_TRUE(engine_->create_backfill(days));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(count("dag_run"), 3);
}

TEST_P(Backfills, PausedNothingStartsAndCancelledWhatWaitsFails) {
  const auto id = engine_->create_backfill(request(5, 3));
  ASSERT_TRUE(id);
  const AttemptSpec first = runner_.next();
  ASSERT_TRUE(engine_->change_backfill(*id, BackfillChange::pause));
  EXPECT_TRUE(report(first, scheduler::Outcome::success));
  EXPECT_TRUE(runner_.idle());
  restart();
  EXPECT_TRUE(runner_.idle());
  ASSERT_TRUE(engine_->change_backfill(*id, BackfillChange::cancel));
  EXPECT_EQ(count("dag_run WHERE state = 'failed'"), 2);
  EXPECT_EQ(count("backfill WHERE completed_at IS NOT NULL"), 1);
  EXPECT_EQ(engine_->change_backfill(*id, BackfillChange::unpause).error().code, ErrorCode::conflict);
  EXPECT_EQ(engine_->change_backfill(99, BackfillChange::pause).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace leoflow::engine
