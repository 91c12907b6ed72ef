#pragma once

#include <condition_variable>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <string>

#include "objects/object_store.hpp"

namespace leoflow::objects {

/// A store in memory that can be away.
class MemoryStore final : public ObjectStore {
 public:
  std::string url(const std::string& key) const override { return "s3://b/" + key; }
  Result<void> put(const std::string& key, std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    changed_.notify_all();
    if (is_away_) return fail(ErrorCode::unavailable, url(key) + ": away");
    objects_[key] = bytes;
    return {};
  }
  Result<Piece> get(const std::string& key, std::uint64_t from, std::uint64_t size) override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    changed_.notify_all();
    if (is_away_) return fail(ErrorCode::unavailable, url(key) + ": away");
    const auto found = objects_.find(key);
    if (found == objects_.end()) return fail(ErrorCode::not_found, url(key) + ": no");
    return Piece{found->second.substr(std::min<std::size_t>(from, found->second.size()), size),
                 found->second.size()};
  }

  void be_away(bool is_away) {
    const std::lock_guard lock(mutex_);
    is_away_ = is_away;
    asked_ = 0;
  }
  void await_request() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return asked_ > 0; }));
  }
  void have(const std::string& key, std::string bytes) {
    const std::lock_guard lock(mutex_);
    objects_[key] = std::move(bytes);
  }
  std::string object(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return objects_.contains(key) ? objects_[key] : "none";
  }
  /// Of what becomes so.
  void await(const std::string& key, const std::string& bytes) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return objects_[key] == bytes; }))
        << objects_[key];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> objects_;
  bool is_away_ = false;
  int asked_ = 0;
};

}  // namespace leoflow::objects
