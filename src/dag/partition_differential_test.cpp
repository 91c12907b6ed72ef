#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "dag/encoded.hpp"
#include "dag/partition_mapper.hpp"
#include "dag/timetable.hpp"

// What Airflow's own classes answered, recorded by tests/differential/run --record-partitions.
namespace leoflow::dag {
namespace {

std::string line_of(const MappedPartition& mapped) {
  const std::string date =
      mapped.date ? fmt::format("{}", to_micros(*mapped.date)) : mapped.is_temporal ? "unreadable" : "";
  std::string needs;
  std::string minimum;
  if (mapped.needs) {
    // A window that cannot be told waits for one of nothing.
    needs = mapped.needs->keys.empty() ? "unreadable" : join(mapped.needs->keys, ",");
    if (mapped.needs->minimum && !mapped.needs->keys.empty()) minimum = std::to_string(*mapped.needs->minimum);
  }
  return fmt::format("{};{};{};{}\n", mapped.key, date, needs, minimum);
}

std::string partitions_of(const PartitionMapper& mapper, const std::string& key) {
  const auto mapped = map_partition(mapper, key);
  if (!mapped) return "refused";
  std::string text;
  for (const MappedPartition& one : *mapped) text += line_of(one);
  return text.size() < 200 ? text : "sha256:" + sha256_hex(text);
}

void expect_partitions(const json::value& answer) {
  const auto mapper = read_partition_mapper(*find(answer, "mapper"));
  ASSERT_TRUE(mapper) << mapper.error().message;
  ASSERT_EQ((*mapper)->python(), nullptr) << json::serialize(answer);
  for (const json::value& recorded : find(answer, "cases")->as_array()) {
    const std::string key(recorded.at(0).as_string());
    EXPECT_EQ(partitions_of(**mapper, key), recorded.at(1).as_string())
        << key << " in " << json::serialize(*find(answer, "mapper"));
  }
}

void expect_runs(const json::value& answer) {
  const auto timetable = read_timetable(*find(answer, "timetable"));
  ASSERT_TRUE(timetable) << timetable.error().message;
  ASSERT_EQ((*timetable)->python(), nullptr);
  const Restriction restriction{from_micros(1729814400000000), std::nullopt, true};  // 2024-10-25
  std::optional<RunInfo> run;
  for (const json::value& recorded : find(answer, "runs")->as_array()) {
    const int steps = run ? 10 : 1;
    for (int i = 0; i < steps; ++i) run = (*timetable)->next(run, restriction, Time{});
    ASSERT_TRUE(run);
    EXPECT_EQ(to_micros(run->run_after), recorded.at(0).as_int64());
    EXPECT_EQ(run->partition_key, recorded.at(1).as_string()) << json::serialize(*find(answer, "timetable"));
    EXPECT_EQ(to_micros(*run->partition_date), recorded.at(2).as_int64());
    EXPECT_FALSE(run->interval);
  }
}

TEST(PartitionDifferential, KeysDatesAndNeedsAreThoseOfAirflow) {
  std::ifstream file(LEOFLOW_SOURCE_DIR "/tests/differential/partitions.jsonl");
  std::size_t mappers = 0;
  std::size_t timetables = 0;
  for (std::string line; std::getline(file, line);) {
    const auto answer = parse_json(line);
    ASSERT_TRUE(answer) << answer.error().message;
    if (find(*answer, "mapper") != nullptr) {
      expect_partitions(*answer);
      ++mappers;
    } else {
      expect_runs(*answer);
      ++timetables;
    }
  }
  EXPECT_GE(mappers, 200U);
  EXPECT_GE(timetables, 30U);
}

}  // namespace
}  // namespace leoflow::dag
