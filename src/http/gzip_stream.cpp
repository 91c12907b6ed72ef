#include "http/gzip_stream.hpp"

#include <memory>
#include <zlib.h>

#include "base/result.hpp"

namespace leoflow::http {
namespace {

// Of zlib's settings those that need 50 KB rather than 270 KB: thousands of clients may read at once.
constexpr int kWindowBits = 13;
constexpr int kMemoryLevel = 5;
constexpr int kAsGzip = 16;
constexpr int kFastest = 1;

class Compressor {
 public:
  Compressor() {
    if (deflateInit2(&stream_, kFastest, Z_DEFLATED, kWindowBits + kAsGzip, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK)
      throw Fatal("zlib: no compressor");
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor() { deflateEnd(&stream_); }

  /// All that the text, and what came before it, adds to the output.
  std::string add(std::string_view text) { return run(text, Z_SYNC_FLUSH); }
  std::string finish() { return run("", Z_FINISH); }

 private:
  std::string run(std::string_view text, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    std::string out;
    char room[16 * 1024];
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(room);
      stream_.avail_out = sizeof room;
      deflate(&stream_, flush);
      out.append(room, sizeof room - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

  z_stream stream_{};
};

}  // namespace

Stream gzipped(Stream parts) {
  return [parts = std::move(parts), compressor = std::make_shared<Compressor>(),
          is_over = false]() mutable -> std::optional<Part> {
    if (is_over) return std::nullopt;
    std::optional<Part> part = parts();
    is_over = !part;
    if (is_over) return Part{compressor->finish()};
    if (!part->text.empty()) part->text = compressor->add(part->text);
    return part;
  };
}

}  // namespace leoflow::http
