#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace leoflow::api {

/// What stands for a secret in answers; sent back, it means "keep what is stored".
inline constexpr std::string_view kMask = "***";

/// The document with every text under a sensitive name masked.
json::value masked(const json::value& document);
/// JSON text masked inside; other text unchanged.
std::string masked_text(const std::string& text);

/// `next` with each mask replaced by what `stored` has in its place.
json::value unmasked(const json::value& next, const json::value& stored);
std::string unmasked_text(const std::string& next, const std::string& stored);

}  // namespace leoflow::api
