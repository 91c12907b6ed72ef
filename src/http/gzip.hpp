#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace leoflow::http {

enum class Effort {
  fast,  ///< for an answer that is sent once
  small  ///< for one that is sent many times: a twentieth smaller for half as much time again
};

/// @param content less than 4 GB.
std::string gzip(std::string_view content, Effort effort);

/// What `gzip` or `GzipJoin` made, plain again. Throws Fatal for anything else.
std::string gunzip(std::string_view gzipped);

/// A text that is compressed by itself, so that it can stand in many answers.
struct GzipPart {
  std::string deflated;  ///< whole bytes, not the last block
  std::uint32_t crc = 0;
  std::size_t size = 0;  ///< of the text
};
/// @param text less than 4 GB.
GzipPart gzip_part(std::string_view text);

/// Joins parts to one gzip file.
class GzipJoin {
 public:
  GzipJoin();
  void add(const GzipPart& part);
  /// The file; nothing may be added any more.
  std::string finish() &&;

 private:
  std::string out_;
  std::uint32_t crc_ = 0;
  std::size_t size_ = 0;
};

/// Whether an Accept-Encoding header allows gzip ("gzip;q=0" does not).
bool accepts_gzip(std::string_view accept_encoding);

/// Answers with what is compressed already; made plain for the rare client that does not take it. One is for
/// what many answers share, the other for an answer's own, which counts as its memory.
void set_gzipped(Response& response, const Request& request, std::shared_ptr<const std::string> gzipped);
void set_gzipped(Response& response, const Request& request, std::string gzipped);

/// Whether a content type is worth compressing: text, JSON, scripts, fonts no.
bool is_compressible(std::string_view content_type);

}  // namespace leoflow::http
