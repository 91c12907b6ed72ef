#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "http/server.hpp"
#include "kube/access.hpp"

namespace leoflow::executor::fakes {

/// Waits until `holds` says so, for 20 seconds at most.
template <typename Holds>
void eventually(const Holds& holds, const char* what) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << what;
    std::this_thread::yield();
  }
}

/// For tests: an API server that has pods and looks at tokens. Nobody runs the pods.
class FakeApi {
 public:
  FakeApi() {
    server_ = http::Server::start({.port = 0}, [this](const http::Request& request) {
                return answer(request);
              }).value();
  }

  kube::Access access() const {
    kube::Access out;
    out.server = fmt::format("http://127.0.0.1:{}", server_->port());
    out.token = "t";
    return out;
  }

  /// Makes a pod as another leader would.
  void add(json::value pod) {
    const std::lock_guard lock(mutex_);
    put(std::move(pod));
  }
  /// As kubelet and scheduler do. @param status  JSON
  void set_status(const std::string& name, std::string_view status) {
    const std::lock_guard lock(mutex_);
    json::value& pod = pods_.at(name);
    pod.as_object()["status"] = json::parse(status);
    tell("MODIFIED", pod);
  }
  /// Somebody deleted it, and it has not ended yet.
  void begin_deletion(const std::string& name) {
    const std::lock_guard lock(mutex_);
    json::value& pod = pods_.at(name);
    pod.at("metadata").as_object()["deletionTimestamp"] = "2027-01-15T08:00:00Z";
    tell("MODIFIED", pod);
  }
  /// Tells of the end of a pod that nobody sees otherwise.
  void tell_deleted(json::value pod) {
    const std::lock_guard lock(mutex_);
    tell("DELETED", pod);
  }
  /// The pod, once there is one of which that holds; fails the test when there is none.
  json::value await(
      const std::string& name,
      const std::function<bool(const json::value&)>& holds = [](const auto&) { return true; }) {
    std::unique_lock lock(mutex_);
    const auto is_so = [&] { return pods_.contains(name) && holds(pods_.at(name)); };
    if (!changed_.wait_for(lock, std::chrono::seconds(10), is_so)) {
      ADD_FAILURE() << "there is no such pod " << name;
      return nullptr;
    }
    return pods_.at(name);
  }
  bool is_gone(const std::string& name) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !pods_.contains(name); });
  }
  bool has(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return pods_.contains(name);
  }

  /// How often a pod was to be changed, once it was so often, or it is clear that it is not.
  int patches(int awaited, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return patches_ >= awaited; });
    return patches_;
  }

  // Set before anything is asked; both may block.
  /// Called before a pod is changed, with how often one was to be up to now.
  std::function<void(int)> on_patch = [](int) {};
  /// Before a token is looked at.
  std::function<void()> on_review = [] {};
  /// Called after it was: @returns the status that is answered.
  std::function<int(int)> on_patched = [](int) { return 200; };

 private:
  static std::string text(const json::value& pod, std::string_view key) {
    return get_text(pod.at("metadata"), key);
  }
  static http::Response say(int status, const json::value& body) {
    http::Response out;
    out.status = status;
    out.body = json::serialize(body);
    return out;
  }
  static http::Response refuse(int status, std::string_view reason) {
    return say(status, json::object{{"reason", reason}, {"message", reason}});
  }

  // With mutex_ held.
  void tell(std::string_view type, json::value& pod) {
    pod.at("metadata").as_object()["resourceVersion"] = std::to_string(++version_);
    events_.emplace_back(version_, json::serialize(json::object{{"type", type}, {"object", pod}}) + "\n");
    changed_.notify_all();
  }
  json::value put(json::value pod) {
    pod.at("metadata").as_object()["uid"] = fmt::format("uid-{}", ++uids_);
    json::value& kept = pods_[text(pod, "name")] = std::move(pod);
    tell("ADDED", kept);
    return kept;
  }
  static void merge(json::value& into, const json::value& changes) {
    if (!changes.is_object()) return void(into = changes);
    if (!into.is_object()) into = json::object();
    for (const auto& [key, value] : changes.get_object()) {
      if (value.is_null())
        into.as_object().erase(key);
      else
        merge(into.as_object()[key], value);
    }
  }

  http::Response answer(const http::Request& request) {
    if (request.path.ends_with("tokenreviews")) return review(*parse_json(request.body));
    const std::string name =
        request.path.ends_with("/pods") ? "" : request.path.substr(request.path.rfind('/') + 1);
    if (request.method == "PATCH") return patch(name, *parse_json(request.body));
    const std::lock_guard lock(mutex_);
    if (request.query.contains("watch"))
      return watch(std::stoi(request.query.find("resourceVersion")->second));
    if (request.method == "POST") {
      json::value pod = *parse_json(request.body);
      if (pods_.contains(text(pod, "name"))) return refuse(409, "AlreadyExists");
      return say(201, put(std::move(pod)));
    }
    if (name.empty()) {
      json::array items;
      for (const auto& [key, pod] : pods_) items.push_back(pod);
      const json::object metadata = {{"resourceVersion", std::to_string(version_)}};
      return say(200, json::object{{"metadata", metadata}, {"items", std::move(items)}});
    }
    const auto found = pods_.find(name);
    if (found == pods_.end()) return refuse(404, "NotFound");
    json::value pod = found->second;
    if (request.method == "DELETE") {
      pods_.erase(found);
      tell("DELETED", pod);
    }
    return say(200, pod);
  }

  http::Response patch(const std::string& name, const json::value& changes) {
    int count = 0;
    {
      const std::lock_guard lock(mutex_);
      count = ++patches_;
      changed_.notify_all();
    }
    on_patch(count);
    json::value pod;
    {
      const std::lock_guard lock(mutex_);
      const auto found = pods_.find(name);
      if (found == pods_.end()) return refuse(404, "NotFound");
      for (const char* key : {"uid", "resourceVersion"}) {
        if (text(changes, key) != text(found->second, key)) return refuse(409, "Conflict");
      }
      merge(found->second, changes);
      tell("MODIFIED", found->second);
      pod = found->second;
    }
    return say(on_patched(count), pod);
  }

  http::Response watch(std::uint64_t since) {
    http::Response out;
    out.stream = [this, since]() mutable {
      const std::lock_guard lock(mutex_);
      http::Part part{"", std::chrono::milliseconds(5)};
      for (const auto& [version, line] : events_) {
        if (version <= since) continue;
        part.text += line;
        since = version;
      }
      return std::optional(part);
    };
    return out;
  }

  /// A token is the name of its pod.
  http::Response review(const json::value& asked) {
    on_review();
    const std::lock_guard lock(mutex_);
    const std::string name = get_text(asked.at("spec"), "token");
    const auto found = pods_.find(name);
    if (found == pods_.end()) return say(201, json::object{{"status", json::object{}}});
    const json::object extra = {
        {"authentication.kubernetes.io/pod-name", json::array{name}},
        {"authentication.kubernetes.io/pod-uid", json::array{text(found->second, "uid")}}};
    const json::object user = {{"username", "system:serviceaccount:leoflow:default"}, {"extra", extra}};
    return say(201, json::object{{"status", json::object{{"authenticated", true},
                                                         {"audiences", asked.at("spec").at("audiences")},
                                                         {"user", user}}}});
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  std::map<std::string, json::value> pods_;
  std::vector<std::pair<std::uint64_t, std::string>> events_;
  std::uint64_t version_ = 1;
  int uids_ = 0;
  int patches_ = 0;

  std::unique_ptr<http::Server> server_;  // last: it uses all of the above
};

}  // namespace leoflow::executor::fakes
