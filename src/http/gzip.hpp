#pragma once

#include <string>
#include <string_view>

namespace leoflow::http {

/// @param level 1 (fast) to 12 (small).
std::string gzip(std::string_view content, int level);

/// Whether an Accept-Encoding header allows gzip ("gzip;q=0" does not).
bool accepts_gzip(std::string_view accept_encoding);

/// Whether a content type is worth compressing: text, JSON, scripts, fonts no.
bool is_compressible(std::string_view content_type);

}  // namespace leoflow::http
