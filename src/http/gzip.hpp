#pragma once

#include <string>
#include <string_view>

namespace leoflow::http {

enum class Effort {
  fast,  ///< for an answer that is sent once
  small  ///< for one that is sent many times: a tenth smaller for half as much time again
};

/// @param content less than 4 GB.
std::string gzip(std::string_view content, Effort effort);

/// Whether an Accept-Encoding header allows gzip ("gzip;q=0" does not).
bool accepts_gzip(std::string_view accept_encoding);

/// Whether a content type is worth compressing: text, JSON, scripts, fonts no.
bool is_compressible(std::string_view content_type);

}  // namespace leoflow::http
