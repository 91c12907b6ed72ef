#include "agent/frames.hpp"

#include <cstdint>

namespace leoflow::agent {
namespace {
constexpr std::size_t kHeaderBytes = 4;
}

std::string to_frame(std::string_view payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  std::string frame;
  frame.reserve(kHeaderBytes + payload.size());
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(size >> shift & 0xff));
  frame.append(payload);
  return frame;
}

std::size_t FrameReader::announced() const {
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    size = size << 8 | static_cast<unsigned char>(buffer_[begin_ + i]);
  }
  return size;
}

bool FrameReader::is_broken() const {
  return buffer_.size() - begin_ >= kHeaderBytes && announced() > kMaxFrameBytes;
}

std::optional<std::string> FrameReader::next() {
  if (buffer_.size() - begin_ < kHeaderBytes || is_broken()) return std::nullopt;
  const std::size_t size = announced();
  if (buffer_.size() - begin_ - kHeaderBytes < size) return std::nullopt;
  std::string payload = buffer_.substr(begin_ + kHeaderBytes, size);
  begin_ += kHeaderBytes + size;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
  }
  return payload;
}

}  // namespace leoflow::agent
