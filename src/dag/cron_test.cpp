#include "dag/cron.hpp"

#include <gtest/gtest.h>

#include "base/time_text.hpp"

namespace leoflow::dag {
namespace {

WallTime wall(std::string_view text) {
  return WallTime{parse_iso(text, true)->time_since_epoch()};
}

std::string next(std::string_view cron, std::string_view after) {
  const auto found = Cron::parse(cron)->next(wall(after));
  return found ? to_iso_z(Time{found->time_since_epoch()}) : "never";
}

std::string previous(std::string_view cron, std::string_view before) {
  const auto found = Cron::parse(cron)->previous(wall(before));
  return found ? to_iso_z(Time{found->time_since_epoch()}) : "never";
}

// Expected values are croniter's own answers.
TEST(Cron, FindsTheNextTick) {
  EXPECT_EQ(next("*/15 * * * *", "2026-01-01T00:00:00"), "2026-01-01T00:15:00Z");
  EXPECT_EQ(next("0 6 * * *", "2026-01-01T06:00:00"), "2026-01-02T06:00:00Z");
  EXPECT_EQ(next("0 6 * * *", "2026-01-01T05:59:59.999999"), "2026-01-01T06:00:00Z");
  EXPECT_EQ(next("0 0 29 2 *", "2026-01-01"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(next("0 0 * * mon-fri", "2026-01-02T12:00:00"), "2026-01-05T00:00:00Z");
  EXPECT_EQ(next("0 0 * jan,jul 7", "2026-01-05"), "2026-01-11T00:00:00Z");
  EXPECT_EQ(next("0 22-2 * * *", "2026-01-01T23:30:00"), "2026-01-02T00:00:00Z");
  EXPECT_EQ(next("5/20 * * * *", "2026-01-01T00:05:00"), "2026-01-01T00:25:00Z");
  EXPECT_EQ(next("@weekly", "2026-01-01"), "2026-01-04T00:00:00Z");
}

TEST(Cron, RestrictedDaysOfMonthAndWeekMeanEither) {
  EXPECT_EQ(next("0 0 13 * fri", "2026-01-01"), "2026-01-02T00:00:00Z");
  EXPECT_EQ(next("0 0 13 * fri", "2026-01-09T01:00:00"), "2026-01-13T00:00:00Z");
}

TEST(Cron, KnowsLastDaysAndNthWeekdays) {
  EXPECT_EQ(next("0 0 L * *", "2026-02-01"), "2026-02-28T00:00:00Z");
  EXPECT_EQ(next("0 0 * * 5#3", "2026-01-01"), "2026-01-16T00:00:00Z");
  EXPECT_EQ(next("0 0 * * L5", "2026-01-01"), "2026-01-30T00:00:00Z");
}

TEST(Cron, ASixthFieldIsSeconds) {
  EXPECT_EQ(next("* * * * * */20", "2026-01-01T00:00:05"), "2026-01-01T00:00:20Z");
}

TEST(Cron, PreviousMirrorsNext) {
  EXPECT_EQ(previous("*/15 * * * *", "2026-01-01T00:00:00"), "2025-12-31T23:45:00Z");
  EXPECT_EQ(previous("0 0 29 2 *", "2026-01-01"), "2024-02-29T00:00:00Z");
  for (const char* cron : {"*/7 3-9 * * *", "0 0 1,15 * *", "30 4 * 2 1", "0 */5 * * 2-4"}) {
    const auto parsed = Cron::parse(cron);
    WallTime at = wall("2026-01-01");
    for (int i = 0; i < 50; ++i) {
      const auto tick = parsed->next(at);
      ASSERT_TRUE(tick);
      EXPECT_EQ(parsed->previous(*tick + Duration{1}), tick);
      at = *tick;
    }
  }
}

TEST(Cron, RefusesWithFieldAndValue) {
  for (const char* text : {"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
                           "a * * * *", "*/0 * * * *", "1- * * * *", "* * * * fri#6", "@sometimes"}) {
    EXPECT_FALSE(Cron::parse(text)) << text;
  }
  EXPECT_NE(Cron::parse("61 * * * *").error().message.find("'61' is not a valid minute"), std::string::npos);
}

TEST(Cron, AnImpossibleDateNeverComes) {
  EXPECT_EQ(next("0 0 31 2 *", "2026-01-01"), "never");
}

}  // namespace
}  // namespace leoflow::dag
