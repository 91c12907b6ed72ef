#include "http/answer_budget.hpp"

#include <gtest/gtest.h>
#include <string>

namespace leoflow::http {
namespace {

constexpr std::size_t kLarge = 2 * AnswerBudget::kSmall;

/// Room for two large answers; notes whose answer was given up.
class AnswerBudgetTest : public ::testing::Test {
 protected:
  void hold(AnswerBudget::Share& share, const std::string& name, std::size_t size = kLarge) {
    share.hold(size, [this, name] { given_up_ += name; });
  }

  AnswerBudget budget_{2 * kLarge};
  AnswerBudget::Share a_{budget_}, b_{budget_}, c_{budget_};
  std::string given_up_;
};

TEST_F(AnswerBudgetTest, GivesUpTheOneThatHasWaitedLongest) {
  hold(a_, "a");
  hold(b_, "b");
  EXPECT_EQ(given_up_, "");
  hold(c_, "c");
  EXPECT_EQ(given_up_, "a");
  EXPECT_TRUE(a_.given_up());
  EXPECT_FALSE(b_.given_up());
}

TEST_F(AnswerBudgetTest, WhoseClientTakesSomeHasNotWaited) {
  hold(a_, "a");
  hold(b_, "b");
  a_.progress();
  hold(c_, "c");
  EXPECT_EQ(given_up_, "b");
}

TEST_F(AnswerBudgetTest, NeverGivesUpTheNewestEvenIfItAloneIsTooLarge) {
  hold(a_, "a");
  hold(b_, "b");
  hold(c_, "c", 5 * kLarge);
  EXPECT_EQ(given_up_, "ab");
  EXPECT_FALSE(c_.given_up());
}

TEST_F(AnswerBudgetTest, SmallAnswersAlwaysHaveRoom) {
  hold(a_, "a");
  hold(b_, "b");
  hold(c_, "c", AnswerBudget::kSmall);
  EXPECT_EQ(given_up_, "");
}

TEST_F(AnswerBudgetTest, RoomIsFreeAgain) {
  hold(a_, "a");
  hold(b_, "b");
  a_.give_back();
  hold(c_, "c");
  hold(c_, "c");
  EXPECT_EQ(given_up_, "") << "one that comes after another of its connection takes its place";
  hold(a_, "a");
  EXPECT_EQ(given_up_, "b");
  hold(b_, "b");
  EXPECT_FALSE(b_.given_up()) << "that was the one before";
}

}  // namespace
}  // namespace leoflow::http
