#include "store/shared_clock.hpp"

#include <gtest/gtest.h>

#include "store/temporary_database.hpp"

namespace leoflow::store {
namespace {

using namespace std::chrono_literals;

class SharedClockTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (!TemporaryDatabase::available(GetParam())) GTEST_SKIP() << "LEOFLOW_TEST_POSTGRES is not set";
    database_.emplace(GetParam());
    session_ = (*database_)->connect();
  }

  static Duration from_now(Time time) { return std::chrono::abs(time - SystemClock().now()); }

  std::optional<TemporaryDatabase> database_;
  std::unique_ptr<Session> session_;
  ManualClock host_{SystemClock().now()};
  SharedClock clock_{host_};
};

INSTANTIATE_TEST_SUITE_P(Backends, SharedClockTest, testing::Values(Backend::sqlite, Backend::postgres),
                         [](const auto& backend) {
                           return backend.param == Backend::sqlite ? "Sqlite" : "Postgres";
                         });

TEST_P(SharedClockTest, AHostsClockThatIsMinutesWrongDoesNotCount) {
  for (const Duration error : {Duration(5min), Duration(-5min)}) {
    host_.set(SystemClock().now() + error);
    SharedClock clock(host_);
    clock.follow(*session_);
    EXPECT_LT(from_now(clock.now()), 30s);
  }
}

TEST_P(SharedClockTest, AHostsClockThatIsRightIsGoneBy) {
  host_.set(SystemClock().now());
  const Time before = clock_.now();
  clock_.follow(*session_);
  EXPECT_EQ(clock_.now(), before);
}

TEST_P(SharedClockTest, BetweenLooksItGoesOnWithTheHostsClock) {
  host_.set(SystemClock().now() + 5min);
  clock_.follow(*session_);
  const Time before = clock_.now();
  host_.advance(20s);
  clock_.follow(*session_);
  EXPECT_EQ(clock_.now() - before, Duration(20s));
}

}  // namespace
}  // namespace leoflow::store
