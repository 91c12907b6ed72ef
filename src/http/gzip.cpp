#include "http/gzip.hpp"

#include <fmt/core.h>
#include <isa-l.h>
#include <limits>
#include <memory>

#include "base/result.hpp"
#include "base/text.hpp"

namespace leoflow::http {
namespace {

struct Setting {
  std::uint32_t level;
  std::uint32_t memory;
};

Setting setting_of(Effort effort) {
  return effort == Effort::fast ? Setting{1, ISAL_DEF_LVL1_DEFAULT} : Setting{3, ISAL_DEF_LVL3_DEFAULT};
}

/// What cannot be made smaller is stored in blocks of 64 KB, each with a header of five bytes.
std::size_t most_bytes_of(std::size_t content) {
  constexpr std::size_t kBlock = 65'535;
  constexpr std::size_t kBlockHeader = 5;
  constexpr std::size_t kWrapper = 64;
  return content + (content / kBlock + 1) * kBlockHeader + kWrapper;
}

}  // namespace

std::string gzip(std::string_view content, Effort effort) {
  const std::size_t room_size = most_bytes_of(content.size());
  if (room_size > std::numeric_limits<std::uint32_t>::max())
    throw Fatal(fmt::format("gzip: {} bytes are too many for one answer", content.size()));
  const Setting setting = setting_of(effort);
  const auto memory = std::make_unique_for_overwrite<std::uint8_t[]>(setting.memory);
  const auto stream = std::make_unique_for_overwrite<isal_zstream>();
  isal_deflate_stateless_init(stream.get());
  stream->level = setting.level;
  stream->level_buf = memory.get();
  stream->level_buf_size = setting.memory;
  stream->gzip_flag = IGZIP_GZIP;
  stream->end_of_stream = 1;
  stream->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(content.data()));
  stream->avail_in = static_cast<std::uint32_t>(content.size());
  std::string out;
  // Most of the room stays untouched: it need not even be zeroed.
  out.resize_and_overwrite(room_size, [&](char* room, std::size_t size) {
    stream->next_out = reinterpret_cast<std::uint8_t*>(room);
    stream->avail_out = static_cast<std::uint32_t>(size);
    const int outcome = isal_deflate_stateless(stream.get());
    return outcome == COMP_OK ? size - stream->avail_out : 0;
  });
  if (out.empty()) throw Fatal("gzip: the content was not compressed");
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
