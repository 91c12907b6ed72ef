#include <atomic>
#include <future>

#include "engine/engine_fixture.hpp"

namespace leoflow::engine {
namespace {

/// A connection that is lost at the worst moments.
class LossySession final : public store::Session {
 public:
  LossySession(std::unique_ptr<store::Session> session, std::atomic<int>& answers,
               std::atomic<int>& questions)
      : session_(std::move(session)), lost_answers_(answers), lost_questions_(questions) {}

  using store::Session::execute;
  using store::Session::query;

  store::Rows query(std::string_view sql, std::span<const store::Param> params) override {
    lose(lost_questions_);
    return session_->query(sql, params);
  }
  void each(std::string_view sql, std::span<const store::Param> params,
            const std::function<void(store::Row)>& show) override {
    session_->each(sql, params, show);
  }
  std::int64_t execute(std::string_view sql, std::span<const store::Param> params) override {
    return session_->execute(sql, params);
  }
  void execute_many(std::string_view sql, std::span<const store::Params> rows) override {
    session_->execute_many(sql, rows);
  }
  void execute_script(std::string_view sql) override { session_->execute_script(sql); }
  void begin() override { session_->begin(); }
  void commit() override {
    session_->commit();
    lose(lost_answers_);
  }
  void rollback() noexcept override { session_->rollback(); }
  Time now() override { return session_->now(); }
  bool healthy() const override { return session_->healthy(); }

 private:
  static void lose(std::atomic<int>& count) {
    if (count > 0 && count-- > 0) throw store::Unavailable("the connection is lost");
  }

  std::unique_ptr<store::Session> session_;
  std::atomic<int>& lost_answers_;
  std::atomic<int>& lost_questions_;
};

class LostAnswersTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    put(file_with("d", operator_json("a", "")));
    engine_ =
        std::make_unique<Engine>(**database_, clock_, runner_, [](const std::string&, const std::string&) {});
    engine_->set_connect([this] {
      return std::make_unique<LossySession>((*database_)->connect(), lost_answers_, lost_questions_);
    });
    engine_->start();
  }

  std::atomic<int> lost_answers_ = 0;
  std::atomic<int> lost_questions_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Backends, LostAnswersTest,
                         testing::Values(store::Backend::sqlite, store::Backend::postgres), backend_name);

TEST_P(LostAnswersTest, WhatWasStoredIsNotStoredAgainWhenTheAnswerIsLost) {
  lost_answers_ = 1;
  trigger("d");
  EXPECT_EQ(lost_answers_, 0);
  EXPECT_EQ(count("dag_run"), 1);
  const AttemptSpec a = runner_.next();
  lost_answers_ = 1;
  EXPECT_TRUE(report(a, scheduler::Outcome::success));
  EXPECT_EQ(one("SELECT state FROM dag_run"), "success");
}

TEST_P(LostAnswersTest, TheProcessEndsWhenTheDatabaseHasGoneBack) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        trigger("d");
        (*database_)->connect()->execute("UPDATE commit_mark SET mark = 'of an earlier commit'");
        (void)engine_->set_paused("d", true);
        std::promise<void>().get_future().wait_for(10s);  // the engine's thread ends it
      },
      testing::ExitedWithCode(70), "has lost what was stored");
}

TEST_P(LostAnswersTest, WhoeverTriggersARunWaitsForTheDatabase) {
  lost_questions_ = 1;
  trigger("d");
  EXPECT_EQ(lost_questions_, 0);
  EXPECT_EQ(count("dag_run"), 1);
}

}  // namespace
}  // namespace leoflow::engine
