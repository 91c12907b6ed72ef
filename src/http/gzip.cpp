#include "http/gzip.hpp"

#include <libdeflate.h>
#include <memory>

#include "base/result.hpp"
#include "base/text.hpp"

namespace leoflow::http {

std::string gzip(std::string_view content, int level) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(level), &libdeflate_free_compressor);
  if (!compressor) throw Fatal("libdeflate: no compressor");
  std::string out;
  // Most of the room stays untouched: it need not even be zeroed.
  out.resize_and_overwrite(
      libdeflate_gzip_compress_bound(compressor.get(), content.size()), [&](char* room, std::size_t size) {
        return libdeflate_gzip_compress(compressor.get(), content.data(), content.size(), room, size);
      });
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  for (const std::string& part : split(accept_encoding, ',')) {
    const std::string word = to_lower(trim(part));
    const std::string_view name = trim(std::string_view(word).substr(0, word.find(';')));
    if (name != "gzip" && name != "*") continue;
    const std::size_t quality = word.find("q=");
    return quality == std::string::npos || word.find_first_of("123456789", quality) != std::string::npos;
  }
  return false;
}

bool is_compressible(std::string_view content_type) {
  const std::string_view kind = content_type.substr(0, content_type.find(';'));
  return kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("javascript") ||
         kind == "application/wasm" || kind == "image/svg+xml";
}

}  // namespace leoflow::http
