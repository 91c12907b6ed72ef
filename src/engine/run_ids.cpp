#include "engine/run_ids.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace leoflow::engine {
namespace {

constexpr std::size_t kLongestPartition = 250;

/// "run_id=" and this make the longest name that a folder may have.
constexpr std::size_t kLongest = 248;

bool is_allowed(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_.~:+-").find(c) != std::string_view::npos;
}

}  // namespace

Result<void> check_run_id(std::string_view run_id) {
  if (run_id.size() > kLongest) {
    return fail(ErrorCode::invalid,
                fmt::format("The run_id has {} characters, at most {} are possible: '{}...'", run_id.size(),
                            kLongest, run_id.substr(0, 50)));
  }
  if (run_id.find("..") != std::string_view::npos) {
    return fail(ErrorCode::invalid,
                fmt::format("The run_id '{}' must not contain '..' to prevent path traversal", run_id));
  }
  if (!std::ranges::all_of(run_id, is_allowed)) {
    return fail(
        ErrorCode::invalid,
        fmt::format("The run_id provided '{}' does not match regex pattern '^[A-Za-z0-9_.~:+-]+$'", run_id));
  }
  return {};
}

Result<void> check_partition_length(std::string_view partition_key) {
  if (partition_key.size() <= kLongestPartition) return {};
  return fail(ErrorCode::invalid, fmt::format("partition_key must be at most {} characters; got {}.",
                                              kLongestPartition, partition_key.size()));
}

}  // namespace leoflow::engine
