#include "kube/watch.hpp"

#include <deque>
#include <gtest/gtest.h>

#include "http/server.hpp"

namespace leoflow::kube {
namespace {

/// An API server that answers as it was told, and remembers what it was asked.
class WatchTest : public ::testing::Test {
 protected:
  WatchTest() {
    server_ = http::Server::start({.port = 0}, [this](const http::Request& request) {
                return answer(request);
              }).value();
    Access access;
    access.server = "http://127.0.0.1:" + std::to_string(server_->port());
    access.token = "t";
    watch_.emplace(access, "/pods", "labelSelector=a",
                   Watch::Events{[this] { say("listing"); },
                                 [this](const json::array& objects) { say("list " + names(objects)); },
                                 [this](std::string_view type, const json::value& object) {
                                   say(std::string(type) + " " + name(object));
                                 },
                                 [this](const std::string& why) { say("trouble " + why); }});
  }
  ~WatchTest() override { watch_->stop(); }

  static std::string name(const json::value& object) { return get_text(object.at("metadata"), "name"); }
  static std::string names(const json::array& objects) {
    std::string out;
    for (const json::value& object : objects) out += name(object);
    return out;
  }
  static std::string object(const std::string& name, int version) {
    return R"({"metadata":{"name":")" + name + R"(","resourceVersion":")" + std::to_string(version) + "\"}}";
  }
  static std::string list(const std::string& items, int version, const std::string& next = "") {
    return R"({"metadata":{"resourceVersion":")" + std::to_string(version) + R"(","continue":")" + next +
           R"("},"items":[)" + items + "]}";
  }
  static std::string event(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
  }
  void will_answer(std::string body, int status = 200) {
    const std::lock_guard lock(mutex_);
    answers_.push_back({status, std::move(body)});
  }
  /// Everything that was told and asked up to now, once there is so much of it.
  std::vector<std::string> heard(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return heard_.size() >= count; }));
    return {heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(std::min(count, heard_.size()))};
  }

  std::optional<Watch> watch_;

 private:
  http::Response answer(const http::Request& request) {
    say(request.target);
    const std::lock_guard lock(mutex_);
    http::Response out;
    if (answers_.empty()) {
      out.stream = [] { return std::optional(http::Part{"", std::chrono::milliseconds(20)}); };
      return out;
    }
    out.status = answers_.front().first;
    out.body = answers_.front().second;
    answers_.pop_front();
    return out;
  }
  void say(std::string what) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(what));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
  std::deque<std::pair<int, std::string>> answers_;
  std::unique_ptr<http::Server> server_;
};

std::string watched(int version) {
  return "/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=290&resourceVersion=" +
         std::to_string(version) + "&labelSelector=a";
}
const std::string kList = "/pods?limit=500&labelSelector=a";

TEST_F(WatchTest, TellsWhatIsThereAndWhatBecomesOfIt) {
  will_answer(list(object("a", 3) + "," + object("b", 4), 5));
  will_answer(event("MODIFIED", object("a", 6)) + event("DELETED", object("b", 7)));
  watch_->start();
  EXPECT_EQ(heard(7), (std::vector<std::string>{"listing", kList, "list ab", watched(5), "MODIFIED a",
                                                "DELETED b", watched(7)}));
}

TEST_F(WatchTest, ReadsAListThatComesInPages) {
  will_answer(list(object("a", 3), 5, "more"));
  will_answer(list(object("b", 3), 5));
  watch_->start();
  EXPECT_EQ(heard(5),
            (std::vector<std::string>{"listing", kList, kList + "&continue=more", "list ab", watched(5)}));
}

TEST_F(WatchTest, ABookmarkMovesThePlaceThatIsResumed) {
  will_answer(list("", 5));
  will_answer(event("BOOKMARK", R"({"metadata":{"resourceVersion":"90"}})"));
  watch_->start();
  EXPECT_EQ(heard(5), (std::vector<std::string>{"listing", kList, "list ", watched(5), watched(90)}));
}

TEST_F(WatchTest, APlaceThatTheServerHasForgottenIsListedAnew) {
  will_answer(list("", 5));
  will_answer(R"({"code":410,"reason":"Expired"})", 410);
  will_answer(list(object("a", 9), 9));
  will_answer(event("ERROR", R"({"code":410,"message":"too old resource version"})"));
  will_answer(list("", 12));
  watch_->start();
  EXPECT_EQ(heard(12),
            (std::vector<std::string>{"listing", kList, "list ", watched(5), "listing", kList, "list a",
                                      watched(9), "listing", kList, "list ", watched(12)}));
}

TEST_F(WatchTest, AServerInTroubleIsAskedAgain) {
  will_answer(R"({"message":"slow down"})", 429);
  will_answer("{", 200);
  will_answer(list("", 5));
  will_answer("no event\n");
  will_answer(event("ADDED", object("a", 6)));
  watch_->start();
  const auto all = heard(13);
  EXPECT_EQ(all[2], "trouble slow down");
  EXPECT_TRUE(all[5].starts_with("trouble the API server's answer cannot be read")) << all[5];
  EXPECT_EQ(all[8], "list ");
  EXPECT_EQ(all[10], "trouble an event of the API server cannot be read");
  EXPECT_EQ(all[11], watched(5)) << "it goes on from where it was";
  EXPECT_EQ(all[12], "ADDED a");
}

}  // namespace
}  // namespace leoflow::kube
