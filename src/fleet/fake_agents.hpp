#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <vector>

#include "agentrpc/session.hpp"
#include "fleet/launcher.hpp"

/// For tests: agents that only remember what they are told, and who would start them.
namespace leoflow::fleet::fakes {

/// The connection of an agent.
class FakeSession final : public agentrpc::AgentSession {
 public:
  explicit FakeSession(agentrpc::AgentIdentity identity) : identity_(std::move(identity)) {}
  const agentrpc::AgentIdentity& identity() const override { return identity_; }
  void send(agentrpc::ServerMessage message) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    changed_.notify_all();
  }
  void close() override { is_closed = true; }

  /// The next message; fails the test when none comes.
  agentrpc::ServerMessage next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !messages_.empty(); })) {
      ADD_FAILURE() << "no message";
      return {};
    }
    agentrpc::ServerMessage message = std::move(messages_.front());
    messages_.erase(messages_.begin());
    return message;
  }
  bool has_heard_nothing() {
    const std::lock_guard lock(mutex_);
    return messages_.empty();
  }

  std::atomic<bool> is_closed = false;

 private:
  const agentrpc::AgentIdentity identity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<agentrpc::ServerMessage> messages_;
};

/// Only remembers what it is to launch.
class FakeLauncher final : public Launcher, public HostLauncher {
 public:
  int free_slots() override { return 10; }
  void launch(const engine::AttemptSpec& spec) override { add(attempts_, spec.id); }
  void recall(const Uuid& attempt) override { add(recalled_, attempt); }
  bool knows_what_is_there() override {
    const std::lock_guard lock(mutex_);
    ++times_asked_;
    changed_.notify_all();
    return knows_;
  }
  bool has_lost(const Uuid&) override { return has_lost_all; }
  void miss(const Uuid& attempt) override { add(missed_, attempt); }
  void launch_host(const HostSpec& spec) override { add(hosts_, spec); }

  std::atomic<bool> has_lost_all = false;

  Uuid next_attempt() { return next(attempts_); }
  Uuid next_missed() { return next(missed_); }
  HostSpec next_host() { return next(hosts_); }
  /// Whether it knows what is there.
  void set_knows(bool does) {
    const std::lock_guard lock(mutex_);
    knows_ = does;
  }
  /// Waits until it was asked so often more whether it knows; fails the test when it is not.
  void await_asked(int more) {
    std::unique_lock lock(mutex_);
    const int enough = times_asked_ + more;
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return times_asked_ >= enough; }));
  }
  bool has_missed_nobody() {
    const std::lock_guard lock(mutex_);
    return missed_.empty();
  }
  std::vector<Uuid> recalled() {
    const std::lock_guard lock(mutex_);
    return recalled_;
  }

 private:
  template <typename T>
  void add(std::vector<T>& to, const T& what) {
    const std::lock_guard lock(mutex_);
    to.push_back(what);
    changed_.notify_all();
  }
  /// The oldest; fails the test when none comes.
  template <typename T>
  T next(std::vector<T>& from) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !from.empty(); })) {
      ADD_FAILURE() << "nothing was launched";
      return {};
    }
    T out = std::move(from.front());
    from.erase(from.begin());
    return out;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool knows_ = true;
  int times_asked_ = 0;
  std::vector<Uuid> attempts_;
  std::vector<Uuid> recalled_;
  std::vector<Uuid> missed_;
  std::vector<HostSpec> hosts_;
};

/// Only remembers whom it is to keep.
class FakeKeeper final : public AgentKeeper {
 public:
  void expect(const Uuid& attempt) override { note("expect", attempt); }
  void keep(const Uuid& attempt, std::shared_ptr<agentrpc::AgentSession>) override { note("keep", attempt); }
  void lost(const Uuid& attempt, const agentrpc::AgentSession&) override { note("lost", attempt); }

  /// "what attempt", waits for that; fails the test when it does not come.
  bool has_heard(const std::string& what, const Uuid& attempt) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      return std::ranges::find(heard_, what + " " + attempt.text()) != heard_.end();
    });
  }
  bool has_kept() {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(heard_, [](const std::string& text) { return text.starts_with("keep"); });
  }
  bool has_heard_nothing() {
    const std::lock_guard lock(mutex_);
    return heard_.empty();
  }

 private:
  void note(const std::string& what, const Uuid& attempt) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(what + " " + attempt.text());
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
};

}  // namespace leoflow::fleet::fakes
