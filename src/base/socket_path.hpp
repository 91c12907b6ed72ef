#pragma once

#include <cstddef>
#include <string>

namespace leoflow {

/// The address of a Unix socket at a path of any length: addresses hold 107 bytes, so that it is named by its
/// open folder. Valid as long as this lives; one whose folder cannot be opened is the path itself.
class SocketPath {
 public:
  explicit SocketPath(const std::string& path);
  ~SocketPath();
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;

  const std::string& text() const { return text_; }
  bool fits() const { return text_.size() < kMost; }

 private:
  static constexpr std::size_t kMost = 108;  // of sockaddr_un, with the zero at the end

  int folder_ = -1;
  std::string text_;
};

}  // namespace leoflow
