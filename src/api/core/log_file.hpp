#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace leoflow::api {

/// A log file that is read here and there. What is not there, or cannot be read, is as if it were empty.
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& path);

  std::uintmax_t size() const { return size_; }
  /// @returns less than `size` bytes where the file ends before.
  std::string read(std::uintmax_t from, std::uintmax_t size);

  // Both look at a block at a time, however long a line is.

  /// Behind the first newline of [from, to), or `to` if there is none.
  std::uintmax_t after_first_line(std::uintmax_t from, std::uintmax_t to);
  /// Behind the last newline of [from, to), or `from` if there is none.
  std::uintmax_t after_last_line(std::uintmax_t from, std::uintmax_t to);

 private:
  std::ifstream file_;
  std::uintmax_t size_ = 0;
};

}  // namespace leoflow::api
