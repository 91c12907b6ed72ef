#include "engine/engine_fixture.hpp"

// What can be seen of the engine from outside: metrics, spans, its heartbeat.
namespace leoflow::engine {
namespace {

using dag::TaskState;

class Observing : public EngineTest {
 protected:
  AttemptSpec start_one() {
    put(file_with("d", operator_json("a", "", R"(,"retries":1,"retry_delay":0.0)")));
    trigger("d");
    return runner_.next();
  }
  /// Once everything before it is done.
  LoopState settled() {
    EXPECT_TRUE(engine_->write([](store::Session&) -> Result<void> { return {}; }));
    return engine_->state();
  }
  std::uint64_t entered(TaskState state) {
    return engine_->metrics().entered[static_cast<std::size_t>(state)].value();
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Observing,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(Observing, ATryIsCountedOnItsWay) {
  const AttemptSpec first = start_one();
  LoopState state = settled();
  EXPECT_EQ(state.running_runs, 1U);
  EXPECT_EQ(state.active_attempts, 1U);
  ASSERT_EQ(state.pools.size(), 1U);
  EXPECT_EQ(state.pools[0].occupied, 1);

  EXPECT_TRUE(report(first, scheduler::Outcome::up_for_retry));
  EXPECT_TRUE(report(runner_.next(), scheduler::Outcome::success));
  state = settled();
  EXPECT_EQ(state.running_runs + state.active_attempts, 0U);
  const LoopMetrics& metrics = engine_->metrics();
  EXPECT_EQ(metrics.retries.value(), 1U);
  EXPECT_EQ(metrics.attempts_sent.value(), 2U);
  EXPECT_EQ(metrics.runs_created.value(), 1U);
  EXPECT_EQ(entered(TaskState::running), 2U);
  EXPECT_EQ(entered(TaskState::success), 1U);
  EXPECT_FALSE(metrics.commits.is_empty());
  EXPECT_FALSE(metrics.run_durations[0].is_empty());
  EXPECT_TRUE(metrics.run_durations[1].is_empty());
}

TEST_P(Observing, WhatWaitsForASlotIsCounted) {
  runner_.slots = 0;
  put(file_with("d", operator_json("a", "") + "," + operator_json("b", "")));
  trigger("d");
  EXPECT_EQ(settled().pools[0].waiting, 2U);
}

TEST_P(Observing, TriesOfARunAreSpansOfOneTrace) {
  const AttemptSpec first = start_one();
  EXPECT_TRUE(report(first, scheduler::Outcome::up_for_retry));
  const AttemptSpec second = runner_.next();
  EXPECT_TRUE(report(second, scheduler::Outcome::success));
  settled();
  const auto spans = spans_.all();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].context.span_id, first.span->span_id);
  EXPECT_EQ(spans[1].context.span_id, second.span->span_id);
  EXPECT_TRUE(spans[0].failed);
  EXPECT_FALSE(spans[1].failed);
  EXPECT_EQ(spans[2].name, "dag_run.d");
  EXPECT_EQ(spans[0].parent_id, spans[2].context.span_id);
  EXPECT_EQ(spans[1].parent_id, spans[2].context.span_id);
  EXPECT_EQ(spans[0].context.trace_id, spans[2].context.trace_id);
}

TEST_P(Observing, ATraceGoesOnAfterARestart) {
  const AttemptSpec spec = start_one();
  restart();
  EXPECT_TRUE(report(spec, scheduler::Outcome::success));
  settled();
  const auto spans = spans_.all();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].context.traceparent(), spec.span->traceparent());
  EXPECT_EQ(spans[1].context.trace_id, spec.span->trace_id);
}

TEST_P(Observing, TheHeartBeatsWhenSomebodyLooks) {
  clock_.advance(5min);
  EXPECT_EQ(engine_->heartbeat(), clock_.now());
}

}  // namespace
}  // namespace leoflow::engine
