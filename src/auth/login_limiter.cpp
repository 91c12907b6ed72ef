#include "auth/login_limiter.hpp"

namespace leoflow::auth {

namespace {

// Guessing with ever new names must not fill the memory.
constexpr std::size_t kMostKeys = 10'000;

}  // namespace

void LoginLimiter::drop_old(Time now) {
  std::erase_if(tries_, [&](const auto& entry) { return entry.second.back() + window_ <= now; });
}

std::optional<std::chrono::seconds> LoginLimiter::take(const std::string& key, Time now) {
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
  const std::lock_guard lock(mutex_);
  tries_.erase(key);
}

}  // namespace leoflow::auth
