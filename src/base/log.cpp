#include "base/log.hpp"

#include <atomic>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json.hpp"

namespace leoflow::log {
namespace {

std::atomic<bool> json_lines{false};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("leoflow");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void configure(Level least, bool json) {
  logger().set_level(to_spdlog(least));
  logger().flush_on(spdlog::level::debug);
  json_lines = json;
  if (json)
    logger().set_pattern(R"({"timestamp":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","event":%v})",
                         spdlog::pattern_time_type::utc);
}

void write(Level level, std::string_view message) {
  if (json_lines) {
    logger().log(to_spdlog(level), leoflow::json::serialize(leoflow::json::string(message)));
  } else {
    logger().log(to_spdlog(level), message);
  }
}

}  // namespace leoflow::log
