#include "app/campaign.hpp"

#include <cstdlib>

#include "base/log.hpp"

namespace leoflow::app {
namespace {

constexpr std::chrono::milliseconds kBetweenElections{200};
constexpr std::chrono::milliseconds kBetweenBeats{1000};

/// Half a leader is worse than none: another replica, or this one started anew, does it.
void end_unless(const Result<void>& done) {
  if (done) return;
  log::error("{}; the process ends", done.error().message);
  std::_Exit(70);
}

}  // namespace

Campaign::Campaign(store::Database& database, store::SharedClock& clock, CampaignOptions options)
    : database_(database), clock_(clock), options_(std::move(options)), leadership_(database, options_.url) {}

Campaign::~Campaign() {
  stop();
}

Result<void> Campaign::start() {
  go_round();
  if (!is_elected_) {
    const auto leader = other_leader();
    log::info("this replica follows {}", leader ? leader->url : "nobody yet");
  }
  thread_ = std::thread([this] { run(); });
  return is_elected_ ? lead() : Result<void>{};
}

void Campaign::retire() {
  {
    const std::lock_guard lock(mutex_);
    retired_ = true;
  }
  // Under the same lock it was looked at before another thread is started.
  if (leading_.joinable()) leading_.join();
}

void Campaign::stop() {
  retire();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  session_.reset();
}

std::optional<engine::Leader> Campaign::other_leader() const {
  const std::lock_guard lock(mutex_);
  if (!leader_ || leader_->holder == leadership_.holder()) return std::nullopt;
  return leader_;
}

std::unique_ptr<store::Session> Campaign::connect_writer() {
  return won_ ? std::move(won_) : leadership_.connect_again();
}

void Campaign::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, is_elected_ ? kBetweenBeats : kBetweenElections, [this] { return stopping_; });
    if (stopping_) return;
    lock.unlock();
    try {
      const bool was_elected = is_elected_;
      go_round();
      if (std::exchange(is_away_, false)) log::info("the database answers again");
      lock.lock();
      if (is_elected_ && !was_elected && !retired_) leading_ = std::thread([this] { end_unless(lead()); });
      continue;
    } catch (const store::Unavailable& error) {
      if (!std::exchange(is_away_, true)) log::error("{}; trying again", error.what());
      session_.reset();
      if (leads_) look_whether_alone();
    } catch (const std::exception& error) {
      end_unless(fail(ErrorCode::conflict, error.what()));
    }
    lock.lock();
    leader_.reset();
  }
}

void Campaign::go_round() {
  if (!session_) session_ = database_.connect();
  clock_.follow(*session_);
  if (!is_elected_) return follow();
  leadership_.beat(*session_);
  last_beat_ = std::chrono::steady_clock::now();
  if (std::exchange(is_alone_, false)) end_unless(options_.alone(false));
}

void Campaign::look_whether_alone() {
  if (is_alone_ || std::chrono::steady_clock::now() - last_beat_ < kAlone) return;
  is_alone_ = true;
  end_unless(options_.alone(true));
}

void Campaign::follow() {
  {
    const std::lock_guard lock(mutex_);
    if (retired_) return;
  }
  if (options_.is_candidate && leadership_.elect(*session_)) {
    log::info("this replica leads: epoch {}", leadership_.epoch());
    won_ = std::move(session_);
    last_beat_ = std::chrono::steady_clock::now();
    is_elected_ = true;
    const std::lock_guard lock(mutex_);
    leader_.reset();
    return;
  }
  auto leader = engine::Leadership::look(*session_);
  if (leader && leader->silence >= engine::Leadership::kSilence) leader.reset();
  const std::lock_guard lock(mutex_);
  leader_ = std::move(leader);
}

Result<void> Campaign::lead() {
  try {
    if (auto led = options_.lead(); !led) return led;
  } catch (const store::Unavailable& error) {
    return fail(ErrorCode::unavailable, error.what());
  }
  leads_ = true;
  return {};
}

}  // namespace leoflow::app
