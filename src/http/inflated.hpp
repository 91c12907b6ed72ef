#pragma once

#include <cstddef>
#include <string>
#include <zlib.h>

namespace leoflow::http {

/// For tests: what zlib, as every client has it, makes of gzip's bytes, as far as they go.
struct Inflated {
  std::string text;
  bool is_whole = false;   ///< it came to an end, and the checksum fits
  std::size_t behind = 0;  ///< bytes that stand behind the end
};

/// @param bytes of no more than 4 MB of text.
inline Inflated inflated(const std::string& bytes) {
  Inflated out;
  out.text.resize(std::size_t{4} << 20);
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.text.data());
  stream.avail_out = static_cast<uInt>(out.text.size());
  out.is_whole = inflate(&stream, Z_SYNC_FLUSH) == Z_STREAM_END;
  out.behind = stream.avail_in;
  out.text.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace leoflow::http
