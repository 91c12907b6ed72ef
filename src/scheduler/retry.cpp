#include "scheduler/retry.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::scheduler {
namespace {

constexpr double kMostSeconds = 24 * 60 * 60;

/// A long hexadecimal number modulo a small one.
std::uint64_t hex_modulo(std::string_view hex, std::uint64_t modulus) {
  std::uint64_t rest = 0;
  for (const char digit : hex) rest = (rest * 16 + static_cast<std::uint64_t>(hex_digit(digit))) % modulus;
  return rest;
}

/// str() of a Python datetime.
std::string python_text(std::optional<Time> time) {
  if (!time) return "None";
  std::string text = to_iso_offset(*time);
  text[10] = ' ';
  return text;
}

}  // namespace

Duration retry_delay(std::string_view dag_id, const dag::Task& task, std::optional<Time> logical_date,
                     int try_number) {
  const double multiplier = task.retry_backoff;
  if (multiplier <= 0 || multiplier == 1.0) return task.retry_delay;

  const double base_seconds = static_cast<double>(task.retry_delay.count()) / 1e6;
  const double raw = std::ceil(base_seconds * std::pow(multiplier, try_number - 1));
  const double least = std::clamp(raw, 1.0, kMostSeconds * 1e3);
  const auto least_seconds = static_cast<std::uint64_t>(least);
  const std::string hash =
      sha1_hex(fmt::format("{}#{}#{}#{}", dag_id, task.task_id, python_text(logical_date), try_number));
  const double spread = static_cast<double>(least_seconds + hex_modulo(hash, least_seconds));
  const Duration delay = std::chrono::seconds{static_cast<std::int64_t>(std::min(spread, kMostSeconds))};
  return task.max_retry_delay ? std::min(*task.max_retry_delay, delay) : delay;
}

}  // namespace leoflow::scheduler
