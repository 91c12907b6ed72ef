#include "api/core/log_source.hpp"

#include <algorithm>

namespace leoflow::api {
namespace {

constexpr std::uintmax_t kBlock = 64 * 1024;

}  // namespace

std::uintmax_t LogSource::after_first_line(std::uintmax_t from, std::uintmax_t to) {
  while (from < to) {
    const std::string block = read(from, std::min(kBlock, to - from));
    if (const std::size_t end = block.find('\n'); end != std::string::npos) return from + end + 1;
    if (block.empty()) break;  // the log has become shorter
    from += block.size();
  }
  return to;
}

std::uintmax_t LogSource::after_last_line(std::uintmax_t from, std::uintmax_t to) {
  while (from < to) {
    const std::uintmax_t begin = to - std::min(kBlock, to - from);
    const std::size_t end = read(begin, to - begin).rfind('\n');
    if (end != std::string::npos) return begin + end + 1;
    to = begin;
  }
  return from;
}

}  // namespace leoflow::api
