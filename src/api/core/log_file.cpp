#include "api/core/log_file.hpp"

#include <algorithm>
#include <system_error>

namespace leoflow::api {
namespace {

constexpr std::uintmax_t kBlock = 64 * 1024;

}  // namespace

LogFile::LogFile(const std::filesystem::path& path) : file_(path, std::ios::binary) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (file_ && !error) size_ = size;
}

std::string LogFile::read(std::uintmax_t from, std::uintmax_t size) {
  std::string text(size, '\0');
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(from));
  file_.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(file_.gcount()));
  return text;
}

std::uintmax_t LogFile::after_first_line(std::uintmax_t from, std::uintmax_t to) {
  while (from < to) {
    const std::string block = read(from, std::min(kBlock, to - from));
    if (const std::size_t end = block.find('\n'); end != std::string::npos) return from + end + 1;
    if (block.empty()) break;  // the file has become shorter
    from += block.size();
  }
  return to;
}

std::uintmax_t LogFile::after_last_line(std::uintmax_t from, std::uintmax_t to) {
  while (from < to) {
    const std::uintmax_t begin = to - std::min(kBlock, to - from);
    const std::size_t end = read(begin, to - begin).rfind('\n');
    if (end != std::string::npos) return begin + end + 1;
    to = begin;
  }
  return from;
}

}  // namespace leoflow::api
