#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace leoflow::api {

/// Lists give no more rows than this, whatever they are asked for.
inline constexpr std::int64_t kMostRows = 100;

/// What of a list in memory stands on a page.
/// @param limit capped as everywhere. @param offset not negative; there may be nothing so far on.
template <typename T>
std::span<T> page_of(std::span<T> all, std::int64_t limit, std::int64_t offset) {
  const auto rest = all.subspan(std::min(static_cast<std::size_t>(offset), all.size()));
  return rest.first(std::min(static_cast<std::size_t>(std::min(limit, kMostRows)), rest.size()));
}

}  // namespace leoflow::api
