#include "auth/login_limiter.hpp"

namespace leoflow::auth {

namespace {

// Guessing with ever new names must not fill the memory.
constexpr std::size_t kMostKeys = 10'000;

/// The same in Redis, by its clock: a list of when tries were. Answers how many milliseconds to wait.
constexpr const char* kTake = R"(
local most, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call('LINDEX', KEYS[1], 0)
while first and first + window <= now do
  redis.call('LPOP', KEYS[1])
  first = redis.call('LINDEX', KEYS[1], 0)
end
if redis.call('LLEN', KEYS[1]) >= most then return first + window - now end
redis.call('RPUSH', KEYS[1], now)
redis.call('PEXPIRE', KEYS[1], window)
return 0)";

std::string shared_key(const redis::Client& shared, const std::string& key) {
  return shared.key("login:" + key);
}

}  // namespace

void LoginLimiter::drop_old(Time now) {
  std::erase_if(tries_, [&](const auto& entry) { return entry.second.back() + window_ <= now; });
}

std::optional<std::chrono::seconds> LoginLimiter::take(const std::string& key, Time now) {
  // Counted whether Redis is there or not: it may be away the next time.
  const auto own = take_own(key, now);
  if (!shared_) return own;
  const std::chrono::milliseconds window = window_;
  const auto told =
      shared_->run(kTake, shared_key(*shared_, key), {std::to_string(most_), std::to_string(window.count())});
  if (!told) return own;
  if (told->number == 0) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(told->number));
}

std::optional<std::chrono::seconds> LoginLimiter::take_own(const std::string& key, Time now) {
  const std::lock_guard lock(mutex_);
  if (tries_.size() >= kMostKeys) drop_old(now);
  auto& recent = tries_[key];
  while (!recent.empty() && recent.front() + window_ <= now) recent.pop_front();
  if (recent.size() >= most_) {
    return std::chrono::ceil<std::chrono::seconds>(recent.front() + window_ - now);
  }
  recent.push_back(now);
  return std::nullopt;
}

void LoginLimiter::forgive(const std::string& key) {
  if (shared_) shared_->ask({"DEL", shared_key(*shared_, key)});
  const std::lock_guard lock(mutex_);
  tries_.erase(key);
}

}  // namespace leoflow::auth
