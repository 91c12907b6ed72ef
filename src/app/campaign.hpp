#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "engine/leadership.hpp"
#include "store/database.hpp"
#include "store/shared_clock.hpp"

namespace leoflow::app {

struct CampaignOptions {
  std::string url;           ///< at which other replicas reach this one
  bool is_candidate = true;  ///< whether it may lead
  /// Has this process lead; once. What it answers ends the process, if it is an error.
  std::function<Result<void>()> lead;
  /// While it leads: whether signs of life have failed for kAlone, so that another one may lead. Of the
  /// campaign's own thread.
  std::function<Result<void>(bool is_alone)> alone = [](bool) { return Result<void>(); };
};

/// Stands for election until this process leads, and then says that it is well. One that is deposed ends at
/// once: what it has in memory is not true any more. Thread safe.
class Campaign {
 public:
  static constexpr std::chrono::seconds kAlone{5};

  /// @param clock  follows the database while it stands
  Campaign(store::Database& database, store::SharedClock& clock, CampaignOptions options);
  ~Campaign();
  Campaign(const Campaign&) = delete;
  Campaign& operator=(const Campaign&) = delete;

  /// Holds the first election, and goes on. Errors: of `lead`. Throws store::Unavailable.
  Result<void> start();
  /// No election any more: returns when this process leads wholly, or will not. Safe to call twice.
  void retire();
  /// Gives no more signs of life. Another replica takes over as soon as the writer's connection is closed.
  /// Safe to call twice.
  void stop();

  /// Whether `lead` is done.
  bool leads() const { return leads_; }
  std::int64_t epoch() const { return leadership_.epoch(); }
  /// Another process, if one leads as far as is known and has not fallen silent.
  std::optional<engine::Leader> other_leader() const;
  /// For the engine: the connection that may write. Throws as Leadership::connect_again.
  std::unique_ptr<store::Session> connect_writer();

 private:
  void run();
  /// An election, or a sign of life.
  void go_round();
  void follow();
  void look_whether_alone();
  Result<void> lead();

  store::Database& database_;
  store::SharedClock& clock_;
  const CampaignOptions options_;
  engine::Leadership leadership_;
  std::atomic<bool> is_elected_{false};
  std::atomic<bool> leads_{false};

  // only touched by start() and then on thread_
  std::unique_ptr<store::Session> session_;
  bool is_away_ = false;  ///< the database
  std::chrono::steady_clock::time_point last_beat_{};
  bool is_alone_ = false;

  std::unique_ptr<store::Session> won_;  ///< until the engine takes it

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<engine::Leader> leader_;  // protected by mutex_
  bool retired_ = false;                  // likewise
  bool stopping_ = false;                 // likewise
  std::thread thread_;
  std::thread leading_;  ///< signs of life are given while much has to be read; started by thread_
};

}  // namespace leoflow::app
