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
  ManualClock since_boot_{from_micros(0)};
  SharedClock clock_{host_, since_boot_};
};

INSTANTIATE_TEST_SUITE_P(Backends, SharedClockTest, testing::Values(Backend::sqlite, Backend::postgres),
                         [](const auto& backend) {
                           return backend.param == Backend::sqlite ? "Sqlite" : "Postgres";
                         });

TEST_P(SharedClockTest, AHostsClockThatIsMinutesWrongDoesNotCount) {
  for (const Duration error : {Duration(5min), Duration(-5min)}) {
    host_.set(SystemClock().now() + error);
    SharedClock clock(host_, since_boot_);
    EXPECT_EQ(clock.now(), host_.now()) << "until it follows";
    clock.follow(*session_);
    EXPECT_LT(from_now(clock.now()), 30s);
  }
}

TEST_P(SharedClockTest, BetweenLooksNobodyMovesItBySettingTheHostsClock) {
  clock_.follow(*session_);
  const Time before = clock_.now();
  host_.advance(10min);
  since_boot_.advance(20s);
  clock_.follow(*session_);
  EXPECT_EQ(clock_.now() - before, Duration(20s));
}

TEST_P(SharedClockTest, EachLookBringsItBackToTheDatabases) {
  clock_.follow(*session_);
  since_boot_.advance(10min);  // counted too fast
  EXPECT_GT(from_now(clock_.now()), 9min);
  clock_.follow(*session_);
  EXPECT_LT(from_now(clock_.now()), 30s);
}

}  // namespace
}  // namespace leoflow::store
