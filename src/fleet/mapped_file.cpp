#include "fleet/mapped_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.hpp"

namespace leoflow::fleet {

MappedFile::MappedFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  struct stat about{};
  if (::fstat(fd, &about) == 0 && about.st_size > 0) {
    size_ = static_cast<std::size_t>(about.st_size);
    start_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
  }
  const int failed = errno;
  ::close(fd);
  if (start_ == MAP_FAILED) throw Fatal(fmt::format("{}: {}", path, std::strerror(failed)));
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(start_, size_);
}

}  // namespace leoflow::fleet
