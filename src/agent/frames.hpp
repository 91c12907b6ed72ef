#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace leoflow::agent {

/// Longest frame that is accepted from a task: what one message to the control
/// plane can carry, with room for the escapes of JSON.
inline constexpr std::size_t kMaxFrameBytes = 128 << 20;

/// The payload with its length in front: 4 bytes, big endian.
std::string to_frame(std::string_view payload);

/// Cuts a byte stream into the payloads of its frames. Holds at most one
/// incomplete frame.
class FrameReader {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  /// The next complete payload, if there is one.
  std::optional<std::string> next();
  /// Whether the stream announced a frame longer than kMaxFrameBytes: it cannot
  /// be read any further.
  bool is_broken() const;

 private:
  std::size_t announced() const;

  std::string buffer_;
  std::size_t begin_ = 0;
};

}  // namespace leoflow::agent
