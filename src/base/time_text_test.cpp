#include "base/time_text.hpp"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(TimeText, WritesMicrosecondsOnlyWhenThereAreSome) {
  EXPECT_EQ(to_iso_z(from_micros(1'767'225'600'000'000)), "2026-01-01T00:00:00Z");
  EXPECT_EQ(to_iso_z(from_micros(1'767'225'600'000'042)), "2026-01-01T00:00:00.000042Z");
  EXPECT_EQ(to_iso_offset(from_micros(0)), "1970-01-01T00:00:00+00:00");
}

TEST(TimeText, ReadsWhatItWrites) {
  for (const std::int64_t micros : {0L, 1'767'225'600'000'042L, -1'000'000L, 4'102'444'800'000'000L}) {
    EXPECT_EQ(parse_iso(to_iso_z(from_micros(micros))), from_micros(micros));
    EXPECT_EQ(parse_iso(to_iso_offset(from_micros(micros))), from_micros(micros));
  }
}

TEST(TimeText, AppliesTheOffset) {
  EXPECT_EQ(parse_iso("2026-01-01T02:00:00+02:00"), parse_iso("2026-01-01T00:00:00Z"));
  EXPECT_EQ(parse_iso("2025-12-31T18:30:00-0530"), parse_iso("2026-01-01T00:00:00Z"));
  EXPECT_EQ(parse_iso("2026-01-01 00:00:00.5Z"), from_micros(1'767'225'600'500'000));
}

TEST(TimeText, RefusesTimesWithoutOffsetUnlessToldOtherwise) {
  EXPECT_FALSE(parse_iso("2026-01-01T00:00:00"));
  EXPECT_TRUE(parse_iso("2026-01-01T00:00:00", true));
  EXPECT_TRUE(parse_iso("2026-01-01", true));
}

TEST(TimeText, RefusesNonsense) {
  for (const char* text :
       {"", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+25:00", "-026-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_iso(text)) << text;
  }
}

TEST(IsoDuration, ReadsWhatPythonWrites) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_iso_duration("PT30S"), 30s);
  EXPECT_EQ(parse_iso_duration("PT0.5S"), 500ms);
  EXPECT_EQ(parse_iso_duration("P1DT2H3M4.000005S"), 24h + 2h + 3min + 4s + 5us);
  EXPECT_EQ(parse_iso_duration("-PT3S"), -3s);
  EXPECT_EQ(parse_iso_duration("P2W"), 14 * 24h);
  for (const char* text :
       {"", "P", "PT", "30", "PT30", "P30S", "PT3D", "PTxS", "PT-3S", "P1DT1D", "PT1e9S", "PTinfS"}) {
    EXPECT_FALSE(parse_iso_duration(text)) << text;
  }
}

}  // namespace
}  // namespace leoflow
