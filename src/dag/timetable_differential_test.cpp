#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "dag/timetable.hpp"

// The next thousand runs of many timetables in many time zones are those that Airflow's own timetables give:
// see tests/differential/timetable_answers.py.
namespace leoflow::dag {
namespace {

std::vector<RunInfo> runs_of(const Timetable& timetable, const Restriction& restriction, std::size_t count) {
  std::vector<RunInfo> runs;
  std::optional<RunInfo> last;
  while (runs.size() < count) {
    const auto info = timetable.next(last, restriction, *restriction.latest);
    if (!info) break;
    runs.push_back(*info);
    last = info;
  }
  return runs;
}

std::string text_of(const RunInfo& run) {
  return fmt::format("{},{},{}", to_micros(run.run_after), to_micros(run.interval->start),
                     to_micros(run.interval->end));
}

/// The first recorded run that is another; "" if there is none.
std::string first_difference(const std::vector<RunInfo>& runs, const json::value& answer) {
  const auto every = static_cast<std::size_t>(get_integer(answer, "every", 1));
  std::size_t at = 0;
  for (const json::value& recorded : find(answer, "runs")->as_array()) {
    const json::array& times = recorded.as_array();
    const std::string expected =
        fmt::format("{},{},{}", times[0].as_int64(), times[1].as_int64(), times[2].as_int64());
    if (at >= runs.size()) return fmt::format("run {} is missing", at);
    if (text_of(runs[at]) != expected) {
      return fmt::format("run {} is {}, not {}", at, to_iso_z(runs[at].run_after),
                         to_iso_z(from_micros(times[0].as_int64())));
    }
    at += every;
  }
  return "";
}

TEST(TimetableDifferential, TheNextThousandRunsAreThoseOfAirflow) {
  const char* given = std::getenv("LEOFLOW_TIMETABLE_ANSWERS");
  const std::string path =
      given != nullptr ? given : LEOFLOW_SOURCE_DIR "/tests/differential/timetables.jsonl";
  std::ifstream file(path);
  std::size_t played = 0;
  for (std::string line; std::getline(file, line);) {
    const auto answer = parse_json(line);
    ASSERT_TRUE(answer) << answer.error().message;
    const std::string name = get_text(*answer, "name");
    const auto timetable = read_timetable(*find(*answer, "timetable"));
    ASSERT_TRUE(timetable) << name << ": " << timetable.error().message;
    const Restriction restriction{from_micros(get_integer(*answer, "earliest", 0)),
                                  from_micros(get_integer(*answer, "latest", 0)), true};
    const auto count = static_cast<std::size_t>(get_integer(*answer, "count", 0));
    const auto runs = runs_of(**timetable, restriction, count);
    std::string text;
    for (const RunInfo& run : runs) text += text_of(run) + ";";
    EXPECT_EQ(first_difference(runs, *answer), "") << name;
    EXPECT_EQ(sha256_hex(text), get_text(*answer, "sha256"))
        << name << ": to see where, give timetable_answers.py that name and set LEOFLOW_TIMETABLE_ANSWERS";
    ++played;
  }
  EXPECT_GE(played, given != nullptr ? 1U : 60U);
}

}  // namespace
}  // namespace leoflow::dag
