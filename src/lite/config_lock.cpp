#include "lite/config_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/result.hpp"

namespace leoflow::lite {

ConfigLock::ConfigLock(const Home& home) {
  std::filesystem::create_directories(home.root());
  const std::string path = (home.root() / "config.lock").string();
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int locked = fd_ < 0 ? -1 : ::flock(fd_, LOCK_EX);
  while (locked != 0 && errno == EINTR) locked = ::flock(fd_, LOCK_EX);
  if (locked == 0) return;
  const std::string why = std::strerror(errno);
  if (fd_ >= 0) ::close(fd_);
  throw Fatal(fmt::format("cannot lock '{}': {}", path, why));
}

ConfigLock::~ConfigLock() {
  ::close(fd_);
}

}  // namespace leoflow::lite
