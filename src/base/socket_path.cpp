#include "base/socket_path.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace leoflow {

SocketPath::SocketPath(const std::string& path) : text_(path) {
  const std::filesystem::path whole(path);
  folder_ = ::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder_ >= 0) text_ = fmt::format("/proc/self/fd/{}/{}", folder_, whole.filename().string());
}

SocketPath::~SocketPath() {
  if (folder_ >= 0) ::close(folder_);
}

}  // namespace leoflow
