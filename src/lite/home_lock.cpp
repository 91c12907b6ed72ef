#include "lite/home_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace leoflow::lite {

Result<HomeLock> HomeLock::take(const Home& home) {
  std::filesystem::create_directories(home.lite());
  const std::string path = (home.lite() / "lock").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) throw Fatal(fmt::format("cannot open '{}': {}", path, std::strerror(errno)));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return fail(
        ErrorCode::conflict,
        fmt::format("another Leoflow Lite runs in '{}'; stop it, or set LEOFLOW_HOME to another folder",
                    home.root().string()));
  }
  return HomeLock(fd);
}

HomeLock::HomeLock(HomeLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

HomeLock::~HomeLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace leoflow::lite
