#include "lite/token_keys.hpp"

#include "auth/tokens.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "lite/config_lock.hpp"

namespace leoflow::lite {
namespace {

std::shared_ptr<const auth::Jwt> read_keys(const Home& home) {
  const auto config = load_config(home);
  if (!config) throw Fatal(config.error().message);
  std::vector<auth::JwtKey> keys{{config->jwt_secret}};
  keys.insert(keys.end(), config->jwt_previous.begin(), config->jwt_previous.end());
  return std::make_shared<const auth::Jwt>(keys);
}

}  // namespace

Result<void> rotate_token_key(const Home& home, OldTokens old, Time now) {
  const ConfigLock lock(home);
  auto config = load_config(home);
  if (!config) return std::unexpected(config.error());
  if (config->jwt_secret.empty()) {
    return fail(ErrorCode::not_found, "this install has no keys yet; run `leoflow setup`");
  }
  auto& previous = config->jwt_previous;
  if (old == OldTokens::hold) {
    std::erase_if(previous, [&](const auth::JwtKey& key) { return key.until < now; });
    previous.insert(previous.begin(), {config->jwt_secret, now + auth::Tokens::kUserLife});
  } else {
    previous.clear();
  }
  config->jwt_secret = random_hex(64);
  save_config(home, *config);
  return {};
}

TokenKeys::TokenKeys(Home home)
    : home_(std::move(home)), seen_(stamp_of(home_.config_file())), jwt_(read_keys(home_)) {}

std::shared_ptr<const auth::Jwt> TokenKeys::current() {
  const std::lock_guard lock(mutex_);
  const auto stamp = stamp_of(home_.config_file());
  if (stamp == seen_) return jwt_;
  seen_ = stamp;
  try {
    jwt_ = read_keys(home_);
  } catch (const Fatal& error) {
    log::error("the keys of tokens stay as they were: {}", error.what());
  }
  return jwt_;
}

}  // namespace leoflow::lite
