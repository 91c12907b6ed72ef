#include "engine/leadership.hpp"

#include <gtest/gtest.h>

#include "store/temporary_database.hpp"

namespace leoflow::engine {
namespace {

class LeadershipTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!store::TemporaryDatabase::available(store::Backend::postgres))
      GTEST_SKIP() << "LEOFLOW_TEST_POSTGRES is not set";
    database_.emplace(store::Backend::postgres);
  }

  store::Database& database() { return **database_; }

  /// The server notices a moment later that a connection has ended.
  static bool wins_soon(Leadership& candidate, store::Session& session) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < until) {
      if (candidate.elect(session)) return true;
    }
    return false;
  }

  void silence_leader() { database().connect()->execute("UPDATE leader SET seen_at = seen_at - 60000000"); }

  std::optional<store::TemporaryDatabase> database_;
};

TEST_F(LeadershipTest, OneOfTwoLeadsAndTheOtherIsToldWhereItIs) {
  Leadership first(database(), "http://first:1");
  Leadership second(database(), "http://second:1");
  const auto one = database().connect();
  const auto two = database().connect();
  EXPECT_FALSE(Leadership::look(*two));
  EXPECT_TRUE(first.elect(*one));
  EXPECT_FALSE(second.elect(*two));
  const auto leader = Leadership::look(*two);
  ASSERT_TRUE(leader);
  EXPECT_EQ(leader->url, "http://first:1");
  EXPECT_EQ(leader->holder, first.holder());
  EXPECT_EQ(leader->epoch, 1);
  EXPECT_LT(leader->silence, Leadership::kSilence);
}

TEST_F(LeadershipTest, AnotherLeadsWhenTheConnectionOfTheLeaderEnds) {
  Leadership first(database(), "http://first:1");
  Leadership second(database(), "http://second:1");
  auto one = database().connect();
  const auto two = database().connect();
  ASSERT_TRUE(first.elect(*one));
  one.reset();
  EXPECT_TRUE(wins_soon(second, *two));
  EXPECT_EQ(second.epoch(), 2);
}

TEST_F(LeadershipTest, OneThatIsDeposedLearnsItAndGetsNoConnection) {
  Leadership first(database(), "http://first:1");
  Leadership second(database(), "http://second:1");
  auto one = database().connect();
  const auto two = database().connect();
  ASSERT_TRUE(first.elect(*one));
  one.reset();
  ASSERT_TRUE(wins_soon(second, *two));
  const auto other = database().connect();
  EXPECT_THROW(first.beat(*other), Deposed);
  EXPECT_THROW(first.connect_again(), Deposed);
  EXPECT_NO_THROW(second.beat(*other));
}

TEST_F(LeadershipTest, ALeaderThatLosesItsConnectionGoesOnIfNobodyLedInBetween) {
  Leadership first(database(), "http://first:1");
  Leadership second(database(), "http://second:1");
  auto one = database().connect();
  ASSERT_TRUE(first.elect(*one));
  one.reset();
  std::unique_ptr<store::Session> again;
  while (!again) {
    try {
      again = first.connect_again();
    } catch (const store::Unavailable&) {
      // Not yet.
    }
  }
  EXPECT_EQ(first.epoch(), 1);
  const auto two = database().connect();
  EXPECT_FALSE(second.elect(*two));
}

TEST_F(LeadershipTest, ASilentLeaderIsCutOffAndWhatItHadNotCommittedIsLost) {
  Leadership first(database(), "http://first:1");
  Leadership second(database(), "http://second:1");
  const auto one = database().connect();
  const auto two = database().connect();
  ASSERT_TRUE(first.elect(*one));
  const auto write = [&] {
    store::Transaction transaction(*one);
    one->execute("DELETE FROM pool");
    silence_leader();
    EXPECT_TRUE(wins_soon(second, *two));
    transaction.commit();
  };
  EXPECT_THROW(write(), store::Unavailable);
  EXPECT_EQ(Leadership::look(*two)->url, "http://second:1");
  EXPECT_EQ(two->query("SELECT COUNT(*) FROM pool")[0].integer(0), 1);
}

TEST_F(LeadershipTest, OneThatHasJustWonIsNotTakenForTheSilentOneBeforeIt) {
  Leadership first(database(), "http://first:1");
  Leadership second(database(), "http://second:1");
  auto one = database().connect();
  const auto two = database().connect();
  ASSERT_TRUE(first.elect(*one));
  silence_leader();
  EXPECT_FALSE(second.elect(*two)) << "it is in doubt";
  one = database().connect();
  ASSERT_TRUE(wins_soon(first, *one));
  silence_leader();
  EXPECT_FALSE(second.elect(*two)) << "another connection is in doubt anew";
  EXPECT_NO_THROW(one->execute("UPDATE leader SET seen_at = seen_at"));
}

TEST_F(LeadershipTest, ALeaderThatSpeaksIsNotCutOff) {
  Leadership first(database(), "http://first:1");
  Leadership second(database(), "http://second:1");
  const auto one = database().connect();
  const auto two = database().connect();
  ASSERT_TRUE(first.elect(*one));
  silence_leader();
  first.beat(*two);
  EXPECT_FALSE(second.elect(*two));
  EXPECT_NO_THROW(one->execute("UPDATE leader SET seen_at = seen_at"));
}

}  // namespace
}  // namespace leoflow::engine
