#include "api/core/log_file.hpp"

#include <fstream>
#include <system_error>

namespace leoflow::api {

std::uintmax_t LogFile::size() {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path_, error);
  return !error && std::ifstream(path_) ? size : 0;
}

std::string LogFile::read(std::uintmax_t from, std::uintmax_t size) {
  std::ifstream file(path_, std::ios::binary);
  std::string text(size, '\0');
  file.seekg(static_cast<std::streamoff>(from));
  file.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace leoflow::api
