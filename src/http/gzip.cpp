#include "http/gzip.hpp"

#include <fmt/core.h>
#include <isa-l.h>
#include <limits>
#include <zlib.h>

#include "base/result.hpp"
#include "base/text.hpp"

namespace leoflow::http {
namespace {

constexpr std::size_t kRoom = 64 * 1024;

struct Setting {
  std::uint32_t level;
  std::uint32_t memory;
};

Setting setting_of(Effort effort) {
  return effort == Effort::fast ? Setting{1, ISAL_DEF_LVL1_DEFAULT} : Setting{3, ISAL_DEF_LVL3_DEFAULT};
}

/// Whether the output is a whole gzip file or blocks that others may follow.
enum class Shape { file, blocks };

/// What cannot be made smaller is stored in blocks of 64 KB, each with a header of five bytes.
std::size_t most_bytes_of(std::size_t content) {
  constexpr std::size_t kBlock = 65'535;
  constexpr std::size_t kBlockHeader = 5;
  constexpr std::size_t kWrapper = 64;
  return content + (content / kBlock + 1) * kBlockHeader + kWrapper;
}

std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

std::string deflate(std::string_view content, Setting setting, Shape shape) {
  const std::size_t room_size = most_bytes_of(content.size());
  if (room_size > std::numeric_limits<std::uint32_t>::max())
    throw Fatal(fmt::format("gzip: {} bytes are too many for one answer", content.size()));
  const auto memory = std::make_unique_for_overwrite<std::uint8_t[]>(setting.memory);
  const auto stream = std::make_unique_for_overwrite<isal_zstream>();
  isal_deflate_stateless_init(stream.get());
  stream->hist_bits = 0;  // not among what is initialised
  stream->level = setting.level;
  stream->level_buf = memory.get();
  stream->level_buf_size = setting.memory;
  stream->gzip_flag = shape == Shape::file ? IGZIP_GZIP : IGZIP_DEFLATE;
  stream->flush = shape == Shape::file ? NO_FLUSH : FULL_FLUSH;
  stream->end_of_stream = shape == Shape::file ? 1 : 0;
  stream->next_in = bytes_of(content);
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

/// @returns whether the client takes it.
bool marks_as_gzip(Response& response, const Request& request) {
  if (!accepts_gzip(request.header("accept-encoding"))) return false;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Content-Encoding", "gzip");
  return true;
}

/// RFC 1952: the lowest byte first.
void append_number(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}

}  // namespace

std::string gzip(std::string_view content, Effort effort) {
  std::string file = deflate(content, setting_of(effort), Shape::file);
  if (effort == Effort::small) file.shrink_to_fit();  // it is kept
  return file;
}

std::string gunzip(std::string_view gzipped) {
  const auto state = std::make_unique_for_overwrite<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = bytes_of(gzipped);
  state->avail_in = static_cast<std::uint32_t>(gzipped.size());
  std::string out;
  const auto room = std::make_unique_for_overwrite<char[]>(kRoom);
  while (state->block_state != ISAL_BLOCK_FINISH) {
    state->next_out = reinterpret_cast<std::uint8_t*>(room.get());
    state->avail_out = kRoom;
    const int outcome = isal_inflate(state.get());
    const bool stands = state->avail_out == kRoom && state->block_state != ISAL_BLOCK_FINISH;
    if (outcome != ISAL_DECOMP_OK || stands) throw Fatal("gzip: the content is broken");
    out.append(room.get(), kRoom - state->avail_out);
  }
  return out;
}

GzipPart gzip_part(std::string_view text) {
  if (text.empty()) return {};
  std::string deflated = deflate(text, setting_of(Effort::fast), Shape::blocks);
  deflated.shrink_to_fit();  // it is kept
  return {std::move(deflated), crc32_gzip_refl(0, bytes_of(text), text.size()), text.size()};
}

GzipJoin::GzipJoin() {
  // Deflated, without a name or time, made on some system.
  out_.assign("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
}

void GzipJoin::add(const GzipPart& part) {
  out_ += part.deflated;
  crc_ = static_cast<std::uint32_t>(crc32_combine(crc_, part.crc, static_cast<z_off_t>(part.size)));
  size_ += part.size;
}

std::string GzipJoin::finish() && {
  out_.append("\x03\0", 2);  // an empty block that is the last
  append_number(out_, crc_);
  append_number(out_, static_cast<std::uint32_t>(size_));
  return std::move(out_);
}

void set_gzipped(Response& response, const Request& request, std::shared_ptr<const std::string> gzipped) {
  if (marks_as_gzip(response, request)) {
    response.shared_body = std::move(gzipped);
  } else {
    response.body = gunzip(*gzipped);
  }
}

void set_gzipped(Response& response, const Request& request, std::string gzipped) {
  response.body = marks_as_gzip(response, request) ? std::move(gzipped) : gunzip(gzipped);
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
