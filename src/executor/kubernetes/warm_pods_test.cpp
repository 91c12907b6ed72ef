#include "executor/kubernetes/warm_pods.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace leoflow::executor {
namespace {

constexpr Time kNow{};
constexpr std::chrono::seconds kSecond{1};

Uuid attempt(int number) {
  Uuid out{};
  out.bytes.back() = static_cast<std::uint8_t>(number);
  return out;
}

WarmPods::Idle idle(int number, const std::string& shape, Time since = kNow) {
  return {attempt(number), shape, nullptr, since};
}

TEST(WarmPods, OneIsTakenForItsShapeOnly) {
  WarmPods pods;
  pods.add(idle(1, "small"));
  EXPECT_FALSE(pods.take("big", kNow - kSecond));
  EXPECT_EQ(pods.take("small", kNow - kSecond)->attempt, attempt(1));
  EXPECT_FALSE(pods.take("small", kNow - kSecond));
}

TEST(WarmPods, TheOneThatIsIdleForTheShortestTimeIsTaken) {
  WarmPods pods;
  pods.add(idle(1, "small"));
  pods.add(idle(2, "small", kNow + kSecond));
  pods.add(idle(3, "big", kNow + 2 * kSecond));
  EXPECT_EQ(pods.take("small", kNow)->attempt, attempt(2));
  EXPECT_EQ(pods.idle(), 2U);
}

TEST(WarmPods, OneThatWillGoSoonIsNotTaken) {
  WarmPods pods;
  pods.add(idle(1, "small"));
  EXPECT_FALSE(pods.take("small", kNow));
  EXPECT_EQ(pods.idle(), 1U) << "until it has gone";
}

TEST(WarmPods, TheOneThatIsIdleForTheLongestTimeMakesRoom) {
  WarmPods pods;
  EXPECT_FALSE(pods.take_oldest());
  pods.add(idle(1, "small"));
  pods.add(idle(2, "big"));
  EXPECT_EQ(pods.take_oldest()->attempt, attempt(1));
  pods.add(idle(2, "big"));
  EXPECT_EQ(pods.idle(), 1U) << "it was said twice";
}

TEST(WarmPods, SoManyWaitAsAreExpected) {
  WarmPods pods;
  EXPECT_FALSE(pods.is_worth_waiting("small", kNow));
  pods.expect(attempt(1), "small", kNow);
  EXPECT_FALSE(pods.is_worth_waiting("big", kNow));
  EXPECT_TRUE(pods.is_worth_waiting("small", kNow));
  pods.wait(attempt(2), "small");
  EXPECT_FALSE(pods.is_worth_waiting("small", kNow));
  pods.forget(attempt(2));
  EXPECT_TRUE(pods.is_worth_waiting("small", kNow)) << "that one is not wanted any more";
  EXPECT_FALSE(pods.is_worth_waiting("small", kNow + 3 * kSecond)) << "it takes too long";
  pods.expect(attempt(3), "small", kNow);
  pods.add(idle(3, "small"));
  EXPECT_FALSE(pods.is_worth_waiting("small", kNow)) << "it is there";
}

TEST(WarmPods, WhoeverWaitsLongestIsFirst) {
  WarmPods pods;
  pods.wait(attempt(1), "small");
  pods.wait(attempt(2), "small");
  EXPECT_EQ(pods.take_waiting("big"), std::nullopt);
  EXPECT_EQ(pods.take_waiting("small"), attempt(1));
  EXPECT_EQ(pods.take_waiting("small"), attempt(2));
  EXPECT_EQ(pods.take_waiting("small"), std::nullopt);
}

TEST(WarmPods, OneWhoseAgentIsGoneIsNotTaken) {
  WarmPods pods;
  const auto* const other = reinterpret_cast<const agentrpc::AgentSession*>(&pods);
  pods.add(idle(1, "small"));
  EXPECT_FALSE(pods.forget_agent(attempt(1), other)) << "it came back before its old connection ended";
  EXPECT_TRUE(pods.forget_agent(attempt(1), nullptr));
  EXPECT_FALSE(pods.take("small", kNow - kSecond));
}

}  // namespace
}  // namespace leoflow::executor
