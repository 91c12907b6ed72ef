#include "dag/timetable.hpp"

#include <gtest/gtest.h>

#include "base/time_text.hpp"

namespace leoflow::dag {
namespace {

Time at(std::string_view text) {
  return *parse_iso(text, true);
}

std::shared_ptr<const Timetable> timetable(std::string_view type, std::string_view fields) {
  const auto encoded = parse_json(R"({"__type":"airflow.timetables.)" + std::string(type) + R"(","__var":)" +
                                  std::string(fields) + "}");
  auto read = read_timetable(*encoded);
  EXPECT_TRUE(read) << read.error().message;
  return *read;
}

std::shared_ptr<const Timetable> daily_trigger(std::string_view zone = "UTC") {
  return timetable("trigger.CronTriggerTimetable",
                   R"({"expression":"0 6 * * *","timezone":")" + std::string(zone) + R"(","interval":0.0})");
}

TEST(CronTrigger, WithoutCatchupTheNewestDueTickComesFirst) {
  const auto info =
      daily_trigger()->next(std::nullopt, {at("2026-01-01"), std::nullopt, false}, at("2026-03-10T12:00:00"));
  ASSERT_TRUE(info);
  EXPECT_EQ(to_iso_z(info->run_after), "2026-03-10T06:00:00Z");
  EXPECT_EQ(info->interval->start, info->interval->end);
}

TEST(CronTrigger, WithCatchupEveryTickComes) {
  const auto table = daily_trigger();
  std::optional<RunInfo> last;
  for (const char* expected : {"2026-01-01T06:00:00Z", "2026-01-02T06:00:00Z", "2026-01-03T06:00:00Z"}) {
    const auto info = table->next(last, {at("2026-01-01"), std::nullopt, true}, at("2026-03-10"));
    ASSERT_TRUE(info);
    EXPECT_EQ(to_iso_z(info->run_after), expected);
    last = info;
  }
}

TEST(CronTrigger, EndsAtTheEndDate) {
  EXPECT_FALSE(
      daily_trigger()->next(std::nullopt, {at("2026-01-01"), at("2026-02-01"), false}, at("2026-03-10")));
}

TEST(CronTrigger, FollowsTheWallClockThroughAClockChange) {
  const auto table = daily_trigger("Europe/Berlin");
  const auto before = table->next(std::nullopt, {at("2026-03-27"), std::nullopt, true}, at("2026-04-01"));
  EXPECT_EQ(to_iso_z(before->run_after), "2026-03-27T05:00:00Z");
  const auto after = table->next(
      RunInfo{at("2026-03-28T05:00:00"), DataInterval{at("2026-03-28T05:00:00"), at("2026-03-28T05:00:00")}},
      {at("2026-03-27"), std::nullopt, true}, at("2026-04-01"));
  EXPECT_EQ(to_iso_z(after->run_after), "2026-03-29T04:00:00Z");
}

TEST(CronTrigger, AnHourlyScheduleRunsThroughTheRepeatedHour) {
  const auto table = timetable("trigger.CronTriggerTimetable",
                               R"({"expression":"30 * * * *","timezone":"Europe/Zurich","interval":0.0})");
  const Time tick = at("2026-10-25T00:30:00");
  const RunInfo last{tick, DataInterval{tick, tick}};
  const auto info = table->next(last, {at("2026-01-01"), std::nullopt, true}, at("2026-10-26"));
  EXPECT_EQ(to_iso_z(info->run_after), "2026-10-25T01:30:00Z");
}

TEST(CronDataInterval, RunsAtTheEndOfItsInterval) {
  const auto table =
      timetable("interval.CronDataIntervalTimetable", R"({"expression":"0 0 * * *","timezone":"UTC"})");
  const auto info =
      table->next(std::nullopt, {at("2026-01-01"), std::nullopt, false}, at("2026-03-10T12:00:00"));
  EXPECT_EQ(to_iso_z(info->interval->start), "2026-03-09T00:00:00Z");
  EXPECT_EQ(to_iso_z(info->run_after), "2026-03-10T00:00:00Z");
  EXPECT_EQ(to_iso_z(table->manual_interval(at("2026-03-10T01:00:00")).start), "2026-03-09T00:00:00Z");
}

TEST(DeltaDataInterval, IsOnAGridWithoutCatchup) {
  const auto table = timetable("interval.DeltaDataIntervalTimetable", R"({"delta":3600.0})");
  const auto info =
      table->next(std::nullopt, {at("2026-01-01"), std::nullopt, false}, at("2026-03-10T12:34:00"));
  EXPECT_EQ(to_iso_z(info->interval->start), "2026-03-10T11:00:00Z");
  EXPECT_EQ(table->summary(), "1:00:00");
}

TEST(Once, RunsOnce) {
  const auto table = timetable("simple.OnceTimetable", "{}");
  const auto info = table->next(std::nullopt, {}, at("2026-03-10"));
  EXPECT_EQ(info->run_after, at("2026-03-10"));
  EXPECT_FALSE(table->next(info, {}, at("2026-03-11")));
}

TEST(ReadTimetable, RefusesBadFields) {
  for (
      const char* text :
      {R"({"__type":"airflow.timetables.trigger.CronTriggerTimetable","__var":{"expression":"x"}})",
       R"({"__type":"airflow.timetables.interval.DeltaDataIntervalTimetable","__var":{"delta":0}})",
       R"({"__type":"airflow.timetables.interval.DeltaDataIntervalTimetable","__var":{"delta":{"minute":30}}})",
       R"({"__type":"airflow.timetables.simple.PartitionedAssetTimetable","__var":{}})", R"(null)",
       R"([])"}) {
    EXPECT_FALSE(read_timetable(*parse_json(text))) << text;
  }
}

TEST(ReadTimetable, LeavesTimetablesOfTheUsersOwnToPython) {
  const auto encoded = *parse_json(
      R"({"__type":"my.company.Fancy","__var":{},"__facts":{"summary":"fancy","description":"now and then",
          "periodic":false,"active_runs_limit":2,"partitioned":false,"partitioned_at_runtime":true}})");
  const auto table = *read_timetable(encoded);
  ASSERT_NE(table->python(), nullptr);
  EXPECT_EQ(*table->python(), encoded);
  EXPECT_EQ(table->summary(), "fancy");
  EXPECT_EQ(table->description(), "now and then");
  EXPECT_FALSE(table->periodic());
  EXPECT_EQ(table->active_runs_limit(), 2);
  EXPECT_TRUE(table->partitioned_at_runtime());
  EXPECT_FALSE(table->partitioned());
}

TEST(ReadTimetable, CallsATimetableByItsClassIfNobodySaysMore) {
  EXPECT_EQ((*read_timetable(*parse_json(R"({"__type":"my.company.Fancy"})")))->summary(), "Fancy");
}

TEST(CronPartition, RefusesAKeyOfAnotherFormat) {
  const auto table =
      timetable("trigger.CronPartitionTimetable",
                R"({"expression":"0 0 * * *","timezone":"UTC","run_offset":0,"key_format":"%Y-%m-%d"})");
  EXPECT_EQ(to_iso_z(**table->partition_date("2026-02-03")), "2026-02-03T00:00:00Z");
  const auto refused = table->partition_date("2026-02");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("'2026-02' does not match the timetable's key_format '%Y-%m-%d'"),
            std::string::npos);
}

TEST(CronPartition, ReadsTheEndsOfARangeOnTheClockOfItsZone) {
  const auto table = timetable(
      "trigger.CronPartitionTimetable",
      R"({"expression":"0 0 * * *","timezone":"Asia/Taipei","run_offset":0,"key_format":"%Y-%m-%d"})");
  const auto runs = table->partitions_between(at("2026-02-01"), at("2026-02-03"), 100);
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].partition_key, "2026-02-01");
  EXPECT_EQ(to_iso_z(*runs[0].partition_date), "2026-01-31T16:00:00Z");
}

}  // namespace
}  // namespace leoflow::dag
