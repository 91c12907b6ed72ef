#include "fleet/placement.hpp"

#include <gtest/gtest.h>

namespace leoflow::fleet {
namespace {

class NullSession final : public agentrpc::AgentSession {
 public:
  const agentrpc::AgentIdentity& identity() const override { return identity_; }
  void send(agentrpc::ServerMessage) override {}
  void close() override {}

 private:
  const agentrpc::AgentIdentity identity_;
};

class PlacementTest : public testing::Test {
 protected:
  std::shared_ptr<NullSession> connect(unsigned pid, unsigned slots) {
    auto session = std::make_shared<NullSession>();
    agentrpc::Hello hello;
    hello.set_pid(pid);
    hello.set_slots(slots);
    placement_.add(session, hello, Time{});
    return session;
  }
  static Uuid attempt(std::uint8_t n) {
    Uuid id;
    id.bytes[15] = n;
    return id;
  }
  static Time at(int seconds) { return Time{std::chrono::seconds{seconds}}; }
  static std::function<Time(const Uuid&)> all(int seconds) {
    return [seconds](const Uuid&) { return at(seconds); };
  }

  Placement placement_;
};

TEST_F(PlacementTest, TheAgentWithMostRoomIsNext) {
  const auto small = connect(1, 2);
  const auto large = connect(2, 4);
  EXPECT_EQ(placement_.free_slots(), 6);
  placement_.assign(*placement_.roomiest(), attempt(1));
  EXPECT_EQ(placement_.find_holder(attempt(1)), placement_.find(large.get()));
  EXPECT_EQ(placement_.free_slots(), 5);
  placement_.release(attempt(1));
  EXPECT_EQ(placement_.free_slots(), 6);
}

TEST_F(PlacementTest, TheAgentThatCameLastHoldsAnAttemptThoughItsOldStreamHasNotEnded) {
  const auto old = connect(1, 1);
  const auto back = connect(1, 1);
  placement_.assign(*placement_.find(old.get()), attempt(1));
  placement_.assign(*placement_.find(back.get()), attempt(1));
  EXPECT_TRUE(placement_.find(old.get())->running.empty());
  placement_.remove(old.get(), at(1));
  EXPECT_EQ(placement_.find_holder(attempt(1)), placement_.find(back.get()));
}

TEST_F(PlacementTest, TimeThatIsLeftOutMakesNothingMissing) {
  placement_.unclaim(attempt(1), at(0));
  placement_.leave_out(std::chrono::seconds{100});
  EXPECT_TRUE(placement_.take_missing(all(99)).empty());
  EXPECT_EQ(placement_.take_missing(all(100)), std::vector{attempt(1)});
}

TEST_F(PlacementTest, TimeBeforeTheCountMakesNothingMissing) {
  placement_.unclaim(attempt(1), at(0));
  placement_.unclaim(attempt(2), at(200));
  placement_.count_from(at(100));
  EXPECT_TRUE(placement_.take_missing(all(99)).empty());
  EXPECT_EQ(placement_.take_missing(all(199)), std::vector{attempt(1)});
  EXPECT_EQ(placement_.take_missing(all(200)), std::vector{attempt(2)});
}

TEST_F(PlacementTest, AFullFleetHasNoRoom) {
  const auto agent = connect(1, 1);
  placement_.assign(*placement_.roomiest(), attempt(1));
  EXPECT_EQ(placement_.roomiest(), nullptr);
}

TEST_F(PlacementTest, AttemptsOfALostAgentAreMissingOnlyAfterAWhile) {
  const auto agent = connect(1, 2);
  placement_.assign(*placement_.roomiest(), attempt(1));
  placement_.remove(agent.get(), at(100));
  EXPECT_TRUE(placement_.take_missing(all(99)).empty());
  EXPECT_EQ(placement_.take_missing(all(100)), std::vector<Uuid>{attempt(1)});
  EXPECT_TRUE(placement_.take_missing(all(1000)).empty()) << "told once";
}

TEST_F(PlacementTest, HowLongAnAttemptIsWaitedForIsAskedOfEach) {
  placement_.unclaim(attempt(1), at(100));
  placement_.unclaim(attempt(2), at(100));
  const auto one_sooner = [](const Uuid& id) { return at(id == attempt(1) ? 100 : 99); };
  EXPECT_EQ(placement_.take_missing(one_sooner), std::vector<Uuid>{attempt(1)});
}

TEST_F(PlacementTest, AnAgentThatCameBackFirstKeepsItsAttempts) {
  const auto old_stream = connect(1, 2);
  placement_.assign(*placement_.find(old_stream.get()), attempt(1));
  const auto new_stream = connect(1, 2);
  placement_.assign(*placement_.find(new_stream.get()), attempt(1));
  placement_.remove(old_stream.get(), at(100));
  EXPECT_TRUE(placement_.take_missing(all(1000)).empty());
}

TEST_F(PlacementTest, ADeadProcessGivesItsAttemptsBackAtOnce) {
  const auto connected = connect(1, 2);
  const auto gone = connect(2, 2);
  placement_.assign(*placement_.find(connected.get()), attempt(1));
  placement_.assign(*placement_.find(gone.get()), attempt(2));
  placement_.remove(gone.get(), at(100));
  EXPECT_EQ(placement_.take_attempts_of(2), std::vector<Uuid>{attempt(2)});
  EXPECT_EQ(placement_.take_attempts_of(1), std::vector<Uuid>{attempt(1)});
  EXPECT_EQ(placement_.free_slots(), 0) << "its stream has not ended yet, but nothing may be sent there";
}

TEST_F(PlacementTest, ClaimedAttemptsAreNotMissing) {
  placement_.unclaim(attempt(1), at(1));
  const auto agent = connect(1, 2);
  placement_.assign(*placement_.roomiest(), attempt(1));
  EXPECT_TRUE(placement_.take_missing(all(1000)).empty());
}

}  // namespace
}  // namespace leoflow::fleet
