#include "kube/watch.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>

#include "base/text.hpp"

namespace leoflow::kube {
namespace {

/// How many objects come with one answer.
constexpr int kPage = 500;
/// How long the server keeps one connection; it sends a bookmark every minute.
constexpr int kServerLimit = 290;
constexpr std::chrono::seconds kSilence{120};
/// A watch that ends sooner and brought nothing is one that failed.
constexpr std::chrono::seconds kShortest{1};
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr int kMostDoublings = 7;

const json::array kNone;

std::string version_of(const json::value& object) {
  const json::value* metadata = find(object, "metadata");
  return metadata == nullptr ? "" : get_text(*metadata, "resourceVersion");
}

}  // namespace

Watch::Watch(Access access, std::string path, std::string query, Events events)
    : path_(std::move(path)),
      query_(std::move(query)),
      events_(std::move(events)),
      client_(std::move(access), std::chrono::seconds(30)) {}

Watch::~Watch() {
  stop();
}

void Watch::start() {
  thread_ = std::thread([this] { run(); });
}

void Watch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  client_.stop();
  if (thread_.joinable()) thread_.join();
}

void Watch::run() {
  bool is_listed = false;
  while (!is_stopping()) {
    is_listed = is_listed ? follow() : list();
    if (failures_ > 0) pause();
  }
}

bool Watch::list() {
  events_.on_listing();
  json::array objects;
  std::string next;
  do {
    std::string target = fmt::format("{}?limit={}", path_, kPage);
    if (!query_.empty()) target += "&" + query_;
    if (!next.empty()) target += "&continue=" + url_encode(next);
    const auto answer = client_.get(target);
    if (!answer || !answer->is_ok()) {
      trouble(answer ? answer->message() : answer.error().message);
      return false;
    }
    const json::value* items = find(answer->body, "items");
    for (const json::value& item : items != nullptr && items->is_array() ? items->get_array() : kNone)
      objects.push_back(item);
    resource_version_ = version_of(answer->body);
    const json::value* metadata = find(answer->body, "metadata");
    next = metadata == nullptr ? "" : get_text(*metadata, "continue");
  } while (!next.empty());
  failures_ = 0;
  events_.on_list(objects);
  return true;
}

bool Watch::follow() {
  std::string target = fmt::format("{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}",
                                   path_, kServerLimit, url_encode(resource_version_));
  if (!query_.empty()) target += "&" + query_;
  json::value refusal;  // in the middle of a watch
  const auto began = std::chrono::steady_clock::now();
  bool has_brought = false;
  const auto answer = client_.watch(target, kSilence, [&](const json::value& event) {
    const std::string type = get_text(event, "type");
    const json::value* object = find(event, "object");
    if (object == nullptr || type == "ERROR") {
      refusal = object == nullptr ? json::value(json::object()) : *object;
      return false;
    }
    failures_ = 0;
    has_brought = true;
    if (std::string version = version_of(*object); !version.empty()) resource_version_ = std::move(version);
    if (type != "BOOKMARK") events_.on_event(type, *object);
    return true;
  });
  if (!answer) {
    trouble(answer.error().message);
    return true;
  }
  if (answer->is_ok() && refusal.is_null()) {
    // Somebody on the way lets no watch live: not as fast as it can be asked again.
    if (!has_brought && std::chrono::steady_clock::now() - began < kShortest) ++failures_;
    return true;
  }
  // 410, or anything else that it has against this place: from the start.
  if (answer->status == 410 || get_integer(refusal, "code", 0) == 410) return false;
  trouble(refusal.is_null() ? answer->message() : get_text(refusal, "message", "the watch was ended"));
  return false;
}

bool Watch::is_stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Watch::trouble(const std::string& why) {
  ++failures_;
  if (is_stopping()) return;
  events_.on_trouble(why);
}

void Watch::pause() {
  // Half of it by chance: replicas that lost the same server do not come back all at once.
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto most = kFirstPause * (1 << std::min(failures_, kMostDoublings));
  const auto length = most / 2 + most / 2 * static_cast<int>(random() % 1000) / 1000;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, length, [this] { return stopping_; });
}

}  // namespace leoflow::kube
