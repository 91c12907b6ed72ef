#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class Partitions : public EngineTest {
 protected:
  /// A DAG that waits for partitions of two assets.
  void put_dag(const std::string& mapper) {
    ParsedFile file = file_with("d", operator_json("a", ""));
    const auto leaf = [](const std::string& name) {
      return R"({"__type":"asset","name":")" + name + R"(","uri":"x://)" + name + R"(","extra":{}})";
    };
    file.serialized_dags[0].at("dag").as_object()["timetable"] = *parse_json(
        R"({"__type":"airflow.timetables.simple.PartitionedAssetTimetable","__var":{"partition_mapper_config":[],)"
        R"("asset_condition":{"__type":"asset_all","objects":[)" +
        leaf("one") + "," + leaf("two") + R"(]},"default_partition_mapper":)" + mapper + "}}");
    put(std::move(file));
  }
  Result<void> change(const std::string& name, std::optional<std::string> key) {
    return engine_->change_asset({{name, "x://" + name}, "{}", std::move(key)});
  }
  /// Waits until what was posted is stored.
  void settle() {
    ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Partitions,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

constexpr const char* kIdentity =
    R"({"__type":"airflow.partition_mappers.identity.IdentityMapper","__var":{}})";
constexpr const char* kMine = R"({"__type":"mine.Mapper","__var":{}})";

TEST_P(Partitions, WhatWasCollectedOutlivesARestart) {
  put_dag(kIdentity);
  ASSERT_TRUE(change("one", "monday"));
  restart();
  ASSERT_TRUE(change("two", "tuesday"));
  ASSERT_TRUE(change("two", "monday"));
  const AttemptSpec attempt = runner_.next();
  EXPECT_EQ(attempt.partition_key, "monday");
  EXPECT_TRUE(runner_.idle()) << "tuesday waits on";
  EXPECT_EQ(count("dag_partition WHERE run_id IS NULL"), 1);
  EXPECT_EQ(count("dag_run_asset_event"), 2);
  restart();
  ASSERT_TRUE(change("one", "tuesday"));
  settle();
  EXPECT_EQ(count("dag_partition WHERE run_id IS NULL"), 0);
}

TEST_P(Partitions, AMapperOfTheUsersOwnIsAskedAgainAfterARestart) {
  put_dag(kMine);
  ASSERT_TRUE(change("one", "k"));
  EXPECT_NE(runner_.next_question().question.find(R"("key":"k")"), std::string::npos);
  restart();
  const PythonQuestion again = runner_.next_question();
  again.then(std::string(R"([{"key":"K","is_temporal":false,"date":null,"needs":null}])"));
  ASSERT_TRUE(change("two", "other"));
  runner_.next_question().then(std::string(R"([{"key":"K","is_temporal":false,"date":null,"needs":null}])"));
  EXPECT_EQ(runner_.next().partition_key, "K");
  settle();
  EXPECT_EQ(count("unmapped_event"), 0);
}

TEST_P(Partitions, AMapperThatFailsAndAChangeWithoutPartitionGoToTheAuditLog) {
  put_dag(kMine);
  ASSERT_TRUE(change("one", "k"));
  runner_.next_question().then(fail(ErrorCode::invalid, "no such key"));
  ASSERT_TRUE(change("two", std::nullopt));
  settle();
  EXPECT_EQ(count("event_log WHERE event = 'failed to map partition_key' AND extra LIKE '%no such key%'"), 1);
  EXPECT_EQ(count("event_log WHERE event = 'missing partition key'"), 1);
  EXPECT_EQ(count("dag_partition"), 0);
}

TEST_P(Partitions, AnotherMapperForgetsThePartitionsThatWaitAlsoInTheStore) {
  put_dag(kIdentity);
  ASSERT_TRUE(change("one", "monday"));
  EXPECT_EQ(count("dag_partition"), 1);
  put_dag(
      R"({"__type":"airflow.partition_mappers.fixed_key.FixedKeyMapper","__var":{"downstream_key":"all"}})");
  EXPECT_EQ(count("dag_partition"), 0);
}

class OwnTimetable : public EngineTest {
 protected:
  void put_dag() {
    ParsedFile file = file_with("d", operator_json("a", ""));
    file.serialized_dags[0].at("dag").as_object()["timetable"] =
        *parse_json(R"({"__type":"mine.Odd","__var":{},"__facts":{"summary":"odd"}})");
    put(std::move(file));
  }
  /// Gives the answer to the next question, and waits for what comes of it.
  void answer(const Result<std::string>& told) {
    runner_.next_question().then(told);
    come_round();
    come_round();
  }
  /// Half a minute later.
  void answer_again(const Result<std::string>& told) {
    clock_.advance(30s);
    come_round();
    answer(told);
  }
  void come_round() {
    ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  }

  const std::string never_ = R"({"run_after":null})";
};

INSTANTIATE_TEST_SUITE_P(Backends, OwnTimetable,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(OwnTimetable, EachRunAsksForTheNextOne) {
  put_dag();
  const PythonQuestion first = runner_.next_question();
  EXPECT_NE(first.question.find(R"("last":null)"), std::string::npos);
  first.then(std::string(R"({"run_after":"2025-12-31T00:00:00Z","start":"2025-12-30T00:00:00Z",
    "end":"2025-12-31T00:00:00Z","partition_key":null,"partition_date":null,"run_id":"mine-1"})"));
  EXPECT_EQ(runner_.next().run_id, "mine-1");
  const PythonQuestion second = runner_.next_question();
  EXPECT_NE(second.question.find(R"("run_after":"2025-12-31T00:00:00Z")"), std::string::npos);
}

TEST_P(OwnTimetable, OneThatFailsIsAnImportErrorAndMakesNoRun) {
  put_dag();
  answer(fail(ErrorCode::invalid, "no idea when"));
  EXPECT_EQ(count("import_error WHERE stacktrace LIKE '%no idea when%'"), 1);
  EXPECT_EQ(count("dag WHERE has_import_errors = 1"), 1);
  EXPECT_EQ(count("dag_run"), 0);
}

TEST_P(OwnTimetable, OneThatFailedIsAskedAgainAndIsNoErrorOnceItWorks) {
  put_dag();
  answer(fail(ErrorCode::invalid, "no idea when"));
  answer_again(fail(ErrorCode::invalid, "no idea why"));
  EXPECT_EQ(one("SELECT stacktrace FROM import_error"), "Dag 'd': its timetable failed\nno idea why");
  restart();
  answer(never_);
  EXPECT_EQ(count("import_error"), 0);
  EXPECT_EQ(count("dag WHERE has_import_errors = 1"), 0);
  answer_again(fail(ErrorCode::invalid, "no idea when"));
  EXPECT_EQ(count("import_error"), 1);
}

TEST_P(OwnTimetable, AnotherErrorOfItsFileStays) {
  put_dag();
  answer(never_);
  ParsedFile file = file_with("d", operator_json("a", ""));
  file.serialized_dags.clear();
  file.import_error = "it cannot be imported";
  put(std::move(file));
  answer_again(fail(ErrorCode::invalid, "no idea when"));
  EXPECT_EQ(one("SELECT stacktrace FROM import_error"), "it cannot be imported");
  answer_again(never_);
  EXPECT_EQ(one("SELECT stacktrace FROM import_error"), "it cannot be imported");
  EXPECT_EQ(count("dag WHERE has_import_errors = 1"), 1);
}

TEST_P(OwnTimetable, WhoComesWhileFourWaitForPythonIsToldToTryAgain) {
  std::vector<std::future<Result<json::value>>> waiting;
  std::vector<PythonQuestion> questions;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(
        std::async(std::launch::async, [this] { return engine_->ask_python({{"ask", "catalog"}}); }));
    questions.push_back(runner_.next_question());
  }
  EXPECT_EQ(engine_->ask_python({{"ask", "catalog"}}).error().code, ErrorCode::unavailable);
  for (const PythonQuestion& question : questions) question.then(std::string("[]"));
  questions.clear();
  for (auto& answer : waiting) EXPECT_TRUE(answer.get());
}

TEST_P(OwnTimetable, ItsFileIsNotToBlameWhereNobodyCanBeAsked) {
  put_dag();
  answer(fail(ErrorCode::unavailable, "no agent"));
  EXPECT_EQ(count("import_error"), 0);
  answer_again(never_);
}

}  // namespace
}  // namespace leoflow::engine
