#include <algorithm>
#include <fmt/core.h>

#include "api/testing/fixture.hpp"
#include "base/text.hpp"
#include "objects/testing/memory_store.hpp"
#include "redis/shared_logs.hpp"
#include "redis/testing/redis_server.hpp"

namespace leoflow::api {
namespace {

constexpr std::size_t kMegabyte = 1024 * 1024;

/// Logs of hello.extract: run manual__1 has ended, manual__2 is running.
class LogsTest : public ApiTest {
 protected:
  void put_log(std::string_view run_id, std::string_view text) {
    const auto path = log_of(run_id);
    std::filesystem::create_directories(path.parent_path());
    write_file_atomically(path.string(), text);
  }
  std::filesystem::path log_of(std::string_view run_id) {
    return folder_ / "logs/dag_id=hello" / ("run_id=" + std::string(run_id)) /
           "task_id=extract/attempt=1.log";
  }
  http::Response ask(std::string_view run_id, std::string_view query = "",
                     std::string_view accept = "application/json") {
    http::Request request;
    request.method = "GET";
    http::parse_target(
        fmt::format("/api/v2/dags/hello/dagRuns/{}/taskInstances/extract/logs/1?{}", run_id, query), request);
    request.headers.emplace("authorization", "Bearer " + token_);
    request.headers.emplace("accept", accept);
    http::Response response = api_->handle(request);
    EXPECT_EQ(response.status, 200) << response.content();
    return response;
  }
  /// The whole answer; notes how large its largest part was.
  std::string text_of(const http::Response& response) {
    if (!response.stream) return response.body;
    std::string text;
    while (const auto part = response.stream()) {
      largest_part_ = std::max(largest_part_, part->text.size());
      text += part->text;
    }
    EXPECT_FALSE(response.stream()) << "it has ended";
    return text;
  }
  json::value document_of(const http::Response& response) {
    auto document = parse_json(text_of(response));
    EXPECT_TRUE(document) << document.error().message;
    return document.value_or(nullptr);
  }
  /// What the lines of a document say, without those that every log begins with.
  static std::vector<std::string> events_of(const json::value& document) {
    std::vector<std::string> events;
    for (const json::value& line : find(document, "content")->get_array())
      events.push_back(get_text(line, "event"));
    if (!events.empty() && events[0].starts_with("::group::"))
      events.erase(events.begin(), events.begin() + 3);
    return events;
  }
  static std::string many_lines(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i)
      text += fmt::format("{{\"event\":\"{} {}\"}}\n", i, std::string(100 + i % 900, 'x'));
    return text;
  }

  std::size_t largest_part_ = 0;
};

TEST_F(LogsTest, ALongLogComesInPartsThatAreAllOfIt) {
  const std::string lines = many_lines(3 * kMegabyte);
  put_log("manual__1", lines);
  const std::string heard = text_of(ask("manual__1", "", "application/x-ndjson"));
  EXPECT_TRUE(heard.starts_with("{\"event\":\"::group::"));
  EXPECT_TRUE(heard.ends_with(lines));
  const auto document = document_of(ask("manual__1"));
  EXPECT_EQ(events_of(document).size(), static_cast<std::size_t>(std::ranges::count(lines, '\n')));
  EXPECT_TRUE(find(document, "continuation_token")->is_null());
  EXPECT_LT(largest_part_, kMegabyte / 2);
}

TEST_F(LogsTest, AShortLogIsSentWhole) {
  put_log("manual__1", many_lines(1000));
  for (const char* accept : {"application/json", "application/x-ndjson"})
    EXPECT_FALSE(ask("manual__1", "", accept).stream) << accept;
}

TEST_F(LogsTest, WhatIsTooLongLosesItsMiddleUnlessAllIsWanted) {
  const std::string lines = many_lines(17 * kMegabyte);
  put_log("manual__1", lines);
  const auto shown = events_of(document_of(ask("manual__1")));
  const auto mark = std::ranges::find_if(shown, [](const auto& event) { return event.starts_with("... "); });
  ASSERT_NE(mark, shown.end());
  const std::size_t left_out = std::stoul(mark->substr(4));
  EXPECT_NEAR(static_cast<double>(left_out), static_cast<double>(lines.size() - 16 * kMegabyte), 3000.0);
  EXPECT_TRUE(shown.front().starts_with("0 "));
  EXPECT_NE(lines.rfind("\"" + shown.back() + "\"}\n"), std::string::npos);
  const auto whole = events_of(document_of(ask("manual__1", "full_content=true")));
  EXPECT_EQ(whole.size(), static_cast<std::size_t>(std::ranges::count(lines, '\n')));
}

TEST_F(LogsTest, ALineWithoutEndIsCut) {
  put_log("manual__1", "before\n{" + std::string(11 * kMegabyte, 'x') + "}\n{\"event\":\"after\"}\n");
  const auto events = events_of(document_of(ask("manual__1")));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0], "before");
  EXPECT_EQ(events[1], "{" + std::string(8 * kMegabyte - 1, 'x'));
  EXPECT_EQ(events[2], "... the rest of this line is not shown ...");
  EXPECT_EQ(events[3], "after");
  EXPECT_LT(largest_part_, 9 * kMegabyte);
}

TEST_F(LogsTest, ALineThatIsLongerThanAPartIsWhole) {
  const std::string event(kMegabyte, '\x01');  // as long as a task's line may be, six times that in JSON
  put_log("manual__1", json::serialize(json::object{{"event", event}}) + "\nlast\n");
  EXPECT_EQ(events_of(document_of(ask("manual__1"))), (std::vector<std::string>{event, "last"}));
}

TEST_F(LogsTest, ALineStillBeingWrittenWaitsForTheNextTime) {
  for (const std::size_t size : {std::size_t{1000}, kMegabyte, 17 * kMegabyte}) {
    const std::string lines = many_lines(size);
    put_log("manual__2", lines + "{\"event\":\"half");
    const auto first = document_of(ask("manual__2"));
    EXPECT_FALSE(events_of(first).back().starts_with("half"));
    const std::string token = "token=" + get_text(first, "continuation_token");
    EXPECT_EQ(events_of(document_of(ask("manual__2", token))), std::vector<std::string>{});
    put_log("manual__2", lines + "{\"event\":\"half and half\"}\n");
    EXPECT_EQ(events_of(document_of(ask("manual__2", token))), std::vector<std::string>{"half and half"});
  }
}

TEST_F(LogsTest, TheTokenOfLinesIsKnownBeforeThem) {
  put_log("manual__2", many_lines(kMegabyte));
  const auto response = ask("manual__2", "", "application/x-ndjson");
  ASSERT_TRUE(response.stream);
  EXPECT_TRUE(response.has_header("Airflow-Continuation-Token"));
}

TEST_F(LogsTest, ALogThatIsGoneMeanwhileLeavesACompleteDocument) {
  put_log("manual__1", many_lines(kMegabyte));
  const auto response = ask("manual__1");
  std::string first = response.stream()->text;
  first += response.stream()->text;
  std::filesystem::remove(log_of("manual__1"));
  const auto document = parse_json(first + text_of(response));
  ASSERT_TRUE(document);
  EXPECT_FALSE(events_of(*document).empty());
}

TEST_F(LogsTest, WhereThereIsNoLogItSaysSo) {
  std::filesystem::remove(log_of("manual__1"));
  const auto events = events_of(document_of(ask("manual__1")));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].starts_with("This attempt left no log"));
  EXPECT_EQ(events_of(document_of(ask("manual__2"))).size(), 0U) << "it may come";
}

/// The same with a store, in a replica that leads or follows.
class StoredLogsTest : public LogsTest {
 protected:
  StoredLogsTest() {
    config_.logs_folder = folder_ / "logs";
    config_.spool_folder = folder_ / "spool";
    Surroundings surroundings = around();
    surroundings.log_store = store_;
    surroundings.leads = [this] { return leads_; };
    surroundings.leader = [this](const http::Request&) -> std::optional<http::Response> {
      if (leads_) return std::nullopt;
      return http::Response{.body = R"({"content":[{"event":"of the leader"}]})"};
    };
    api_ = std::make_unique<Api>(config_, *database_, commands_, tokens_, sealer_, clock_, surroundings);
    std::filesystem::remove(log_of("manual__1"));
  }
  static std::string name_of(std::string_view run_id) {
    return fmt::format("dag_id=hello/run_id={}/task_id=extract/attempt=1.log", run_id);
  }
  void spool(std::string_view run_id, std::string_view text) {
    const auto path = config_.spool_folder / name_of(run_id);
    std::filesystem::create_directories(path.parent_path());
    write_file_atomically(path.string(), text);
  }
  std::vector<std::string> shown(std::string_view run_id) { return events_of(document_of(ask(run_id))); }
  using Lines = std::vector<std::string>;

  const std::string line_ = "{\"event\":\"stored\"}\n";
  bool leads_ = false;
  ApiConfig config_;
  std::shared_ptr<objects::MemoryStore> store_ = std::make_shared<objects::MemoryStore>();
};

TEST_F(StoredLogsTest, OneThatEndedIsReadByAnyReplica) {
  store_->have(name_of("manual__1"), line_);
  EXPECT_EQ(shown("manual__1"), Lines{"stored"});
  const auto document = document_of(ask("manual__1"));
  EXPECT_EQ(get_text(find(document, "content")->at(1), "event"), "s3://b/" + name_of("manual__1"));
}

TEST_F(StoredLogsTest, OneThatGoesOnIsAskedOfTheLeader) {
  store_->have(name_of("manual__2"), line_);
  EXPECT_EQ(shown("manual__2"), Lines{"of the leader"});
}

TEST_F(StoredLogsTest, OneWhoseEndIsNotStoredYetIsAskedOfTheLeader) {
  EXPECT_EQ(shown("manual__1"), Lines{"of the leader"});
  store_->be_away(true);
  EXPECT_EQ(shown("manual__1"), Lines{"of the leader"});
}

TEST_F(StoredLogsTest, TheLeaderShowsWhatItHasAndElseWhatIsStored) {
  leads_ = true;
  store_->have(name_of("manual__2"), line_);
  EXPECT_EQ(shown("manual__2"), Lines{"stored"});
  spool("manual__2", "{\"event\":\"newer\"}\n");
  store_->be_away(true);
  EXPECT_EQ(shown("manual__2"), Lines{"newer"});
}

TEST_F(StoredLogsTest, WhatAFollowerHasOfAnEarlierTimeAsLeaderIsNotShown) {
  spool("manual__1", "{\"event\":\"half\"}\n");
  store_->have(name_of("manual__1"), line_);
  EXPECT_EQ(shown("manual__1"), Lines{"stored"});
}

TEST_F(StoredLogsTest, OneFromBeforeThereWasAStoreIsStillReadInItsFolder) {
  put_log("manual__1", "{\"event\":\"old\"}\n");
  EXPECT_EQ(shown("manual__1"), Lines{"old"});
}

TEST_F(StoredLogsTest, AStoreThatIsAwayIsSaidInTheLog) {
  leads_ = true;
  store_->be_away(true);
  EXPECT_EQ(shown("manual__1"),
            Lines{"This log cannot be read now: s3://b/" + name_of("manual__1") + ": away"});
  store_->be_away(false);
  EXPECT_EQ(shown("manual__1"), Lines{"This attempt left no log (s3://b/" + name_of("manual__1") + ")."});
}

TEST_F(StoredLogsTest, ALongOneIsReadInParts) {
  const std::string lines = many_lines(3 * kMegabyte);
  store_->have(name_of("manual__1"), lines);
  EXPECT_TRUE(text_of(ask("manual__1", "", "application/x-ndjson")).ends_with(lines));
  EXPECT_LT(largest_part_, kMegabyte / 2);
}

TEST_F(StoredLogsTest, OneWhoseStoreGoesAwayMeanwhileSaysSoAndIsACompleteDocument) {
  store_->have(name_of("manual__1"), many_lines(3 * kMegabyte));
  const auto response = ask("manual__1");
  std::string first = response.stream()->text;
  first += response.stream()->text;
  store_->be_away(true);
  const auto document = parse_json(first + text_of(response));
  ASSERT_TRUE(document);
  EXPECT_TRUE(events_of(*document).back().starts_with("... the rest of this log cannot be read: s3://b/"));
}

/// The same beside a Redis, into which the leader copies.
class CopiedLogsTest : public StoredLogsTest {
 protected:
  CopiedLogsTest() {
    Surroundings surroundings = around();
    surroundings.log_store = store_;
    surroundings.redis = redis_;
    surroundings.leads = [this] { return leads_; };
    surroundings.leader = [this](const http::Request&) -> std::optional<http::Response> {
      if (leads_) return std::nullopt;
      return http::Response{.body = R"({"content":[{"event":"of the leader"}]})"};
    };
    api_ = std::make_unique<Api>(config_, *database_, commands_, tokens_, sealer_, clock_, surroundings);
  }
  void copy(std::string_view run_id, const std::string& text) { logs_.put(name_of(run_id), 0, text); }

  redis::RedisServer server_;
  std::shared_ptr<redis::Client> redis_ = std::make_shared<redis::Client>(
      server_.address(), "test:", redis::ClientOptions{.limit = std::chrono::seconds(5)});
  redis::SharedLogs logs_{redis_};
  const std::string copied_ = "{\"event\":\"one\"}\n{\"event\":\"two\"}\n{\"event\":\"ha";
};

TEST_F(CopiedLogsTest, AFollowerShowsOneThatGoesOnFromThereAsTheLeaderWould) {
  copy("manual__2", copied_);
  const auto followers = document_of(ask("manual__2"));
  EXPECT_EQ(events_of(followers), (Lines{"one", "two"}));
  leads_ = true;
  spool("manual__2", copied_);
  EXPECT_EQ(followers, document_of(ask("manual__2")));
}

TEST_F(CopiedLogsTest, AReaderGoesOnWhereItWas) {
  copy("manual__2", copied_);
  const std::string token = get_text(document_of(ask("manual__2")), "continuation_token");
  copy("manual__2", copied_ + "lf\"}\n");
  EXPECT_EQ(events_of(document_of(ask("manual__2", "token=" + token))), Lines{"half"});
  copy("manual__2", "{\"event\":\"less\"}\n");
  EXPECT_EQ(events_of(document_of(ask("manual__2", "token=" + token))), Lines{"of the leader"});
}

TEST_F(CopiedLogsTest, WithoutACopyTheLeaderIsAsked) {
  EXPECT_EQ(shown("manual__2"), Lines{"of the leader"});
  copy("manual__2", copied_);
  server_.stop();
  EXPECT_EQ(shown("manual__2"), Lines{"of the leader"});
}

TEST_F(CopiedLogsTest, OneThatEndedIsReadWhereItStays) {
  copy("manual__1", copied_);
  store_->have(name_of("manual__1"), line_);
  EXPECT_EQ(shown("manual__1"), Lines{"stored"});
}

}  // namespace
}  // namespace leoflow::api
