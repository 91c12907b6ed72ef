#include "redis/shared_logs.hpp"

#include <utility>

namespace leoflow::redis {
namespace {

/// A leader that Redis is away from cannot delete what it copied: no reader is kept with that for longer.
constexpr const char* kSeconds = "60";

constexpr const char* kPut = R"(
local offset = tonumber(ARGV[1])
if offset == 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1
end
if redis.call('STRLEN', KEYS[1]) ~= offset then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('APPEND', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1)";

constexpr const char* kRead = R"(
local size = redis.call('STRLEN', KEYS[1])
if size == 0 or size < tonumber(ARGV[1]) then return false end
return redis.call('GETRANGE', KEYS[1], ARGV[1], -1))";

}  // namespace

std::optional<bool> SharedLogs::put(const std::string& name, std::uint64_t offset, std::string bytes) {
  const auto reply = client_->run(kPut, key(name), {std::to_string(offset), std::move(bytes), kSeconds});
  return reply ? std::optional(reply->number == 1) : std::nullopt;
}

bool SharedLogs::drop(const std::string& name) {
  return client_->ask({"DEL", key(name)}).has_value();
}

std::optional<std::string> SharedLogs::read(const std::string& name, std::uint64_t from) {
  auto reply = client_->run(kRead, key(name), {std::to_string(from)});
  return reply ? std::move(reply->text) : std::nullopt;
}

}  // namespace leoflow::redis
