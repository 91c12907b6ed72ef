#include "agent/log_pump.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::agent {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class LogPumpTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }
  LogPump pump(std::uint64_t max_bytes = LogFile::kMaxBytes) {
    return LogPump(std::move(*LogFile::open(path_.string(), max_bytes)));
  }
  std::vector<json::value> lines() const {
    std::vector<json::value> all;
    for (const std::string& line : split(read_file(path_.string()).value_or(""), '\n')) {
      if (!line.empty()) all.push_back(*parse_json(line));
    }
    return all;
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("lf-log-" + random_hex(6));
  std::filesystem::path path_ = folder_ / "deep" / "attempt=1.log";
};

TEST_F(LogPumpTest, LinesKeepTheOrderInWhichTheyAreRead) {
  LogPump log = pump();
  log.read(OutputStream::out, "one\ntw");
  log.read(OutputStream::error, "err\n");
  log.read(OutputStream::out, "o\n");
  log.read(OutputStream::out, "unfinished");
  log.finish();
  const auto all = lines();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(get_text(all[0], "event"), "one");
  EXPECT_EQ(get_text(all[0], "logger"), "task.stdout");
  EXPECT_EQ(get_text(all[0], "level"), "info");
  EXPECT_EQ(get_text(all[1], "event"), "err");
  EXPECT_EQ(get_text(all[1], "logger"), "task.stderr");
  EXPECT_EQ(get_text(all[1], "level"), "error");
  EXPECT_EQ(get_text(all[2], "event"), "two");
  EXPECT_EQ(get_text(all[3], "event"), "unfinished");
}

TEST_F(LogPumpTest, StructuredLinesAreNormalised) {
  LogPump log = pump();
  const Masker masker;
  log.use(masker, *parse_iso("2026-01-01T00:00:00Z"));
  log.read(
      OutputStream::log,
      R"({"event":"e","level":"warn","timestamp":"2026-02-01T00:00:00.5Z","logger":"x","exception":[1],"k":2})"
      "\n"
      R"({"event":"early","level":"info","timestamp":"2025-12-31T23:00:00Z"})"
      "\n"
      R"({"event":"hidden","level":"notset"})"
      "\nno json\n");
  log.finish();
  const auto all = lines();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(
      json::serialize(all[0]),
      R"({"timestamp":"2026-02-01T00:00:00.500000Z","level":"warning","event":"e","logger":"x","error_detail":[1],"k":2})");
  EXPECT_EQ(get_text(all[1], "timestamp"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(get_text(all[2], "event"), "no json");
}

TEST_F(LogPumpTest, LongLineIsCutAndSaysSo) {
  LogPump log = pump();
  for (int i = 0; i < 3; ++i) log.read(OutputStream::out, std::string(1 << 20, 'x'));
  log.read(OutputStream::out, "\nnext\n");
  log.finish();
  const auto all = lines();
  ASSERT_EQ(all.size(), 2u);
  const std::string event = get_text(all[0], "event");
  EXPECT_THAT(event, EndsWith("[cut: 2097152 more bytes]"));
  EXPECT_LT(event.size(), (1u << 20) + 100);
  EXPECT_EQ(get_text(all[1], "event"), "next");
}

TEST_F(LogPumpTest, BinaryOutputBecomesValidText) {
  LogPump log = pump();
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  log.read(OutputStream::out, bytes);
  log.finish();
  ASSERT_EQ(lines().size(), 2u);  // one newline among them
  EXPECT_TRUE(is_valid_utf8(read_file(path_.string()).value()));
}

TEST_F(LogPumpTest, CapIsKeptAndTheLastLineSaysWhatIsMissing) {
  LogPump log = pump(10'000);
  for (int i = 0; i < 1000; ++i) log.read(OutputStream::out, "line " + std::to_string(i) + "\n");
  log.finish();
  EXPECT_LT(std::filesystem::file_size(path_), 10'400u);
  const auto all = lines();
  EXPECT_EQ(get_text(all[0], "event"), "line 0");
  const std::string last = get_text(all.back(), "event");
  EXPECT_THAT(last, HasSubstr(std::to_string(1000 - (all.size() - 1)) + " more lines"));
}

TEST_F(LogPumpTest, SecretsAreMaskedInEveryStream) {
  LogPump log = pump();
  Masker masker;
  masker.add(json::value("swordfish"));
  log.use(masker, {});
  log.read(OutputStream::out, "a swordfish\n");
  log.read(OutputStream::error, "b swordfish\n");
  log.read(OutputStream::log, R"({"event":"c swordfish","level":"info","deep":["swordfish"]})"
                              "\n");
  log.note("info", "d swordfish");
  log.finish();
  EXPECT_THAT(read_file(path_.string()).value(), ::testing::Not(HasSubstr("swordfish")));
}

TEST_F(LogPumpTest, FullDiskIsSurvived) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  LogPump log(std::move(*LogFile::open("/dev/full")));
  for (int i = 0; i < 10; ++i) log.read(OutputStream::out, "lost\n");
  log.finish();
}

TEST_F(LogPumpTest, UnwritableFolderIsAnErrorThatNamesTheFile) {
  const auto file = LogFile::open("/proc/nothing/here.log");
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().message, HasSubstr("/proc/nothing/here.log"));
}

}  // namespace
}  // namespace leoflow::agent
