#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

class Deadlines : public EngineTest {
 protected:
  /// A DAG of one task that ought to be over so many seconds after its run was queued.
  void put_dag(double seconds) {
    ParsedFile file = file_with("d", operator_json("a", ""));
    const auto alert = parse_json(R"({"name":"late","reference":{"reference_type":"DagRunQueuedAtDeadline"},
      "callback":{"__classname__":"x"},"interval":{"__data__":)" +
                                  std::to_string(seconds) + "}}");
    file.serialized_dags[0].at("dag").as_object()["deadline"] = json::array{*alert};
    put(std::move(file));
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Deadlines,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(Deadlines, AMissedOneCallsBackOnceAndAgainOnlyIfNobodySaidThatItRan) {
  put_dag(60);
  trigger("d");
  (void)runner_.next();
  clock_.advance(std::chrono::seconds{61});
  engine_->wake();
  const PythonQuestion before = runner_.next_question();
  EXPECT_NE(before.question.find("deadline_callback"), std::string::npos);
  EXPECT_NE(before.question.find("dag_run_id"), std::string::npos);
  restart();
  const PythonQuestion after = runner_.next_question();
  after.then(std::string("null"));
  ASSERT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
  EXPECT_EQ(count("deadline WHERE missed = 1 AND is_done = 1"), 1);
}

TEST_P(Deadlines, ARunThatSucceedsInTimeHasNone) {
  put_dag(3600);
  trigger("d");
  EXPECT_EQ(count("deadline"), 1);
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  EXPECT_EQ(count("deadline"), 0);
}

TEST_P(Deadlines, ARunThatFailsKeepsItsDeadline) {
  put_dag(3600);
  trigger("d");
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::failed));
  EXPECT_EQ(count("deadline WHERE missed = 0"), 1);
  EXPECT_EQ(count("deadline_alert"), 1);
}

}  // namespace
}  // namespace leoflow::engine
