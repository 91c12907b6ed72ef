#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace leoflow::api {

/// What lines of a log cannot be had any more, with the reason for users.
class LogUnreadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The bytes of a log, which are read here and there. Not thread safe.
class LogSource {
 public:
  virtual ~LogSource() = default;

  virtual std::uintmax_t size() = 0;
  /// @returns less than `size` bytes where the log ends before. Throws LogUnreadable.
  virtual std::string read(std::uintmax_t from, std::uintmax_t size) = 0;

  // Both look at a block at a time, however long a line is.

  /// Behind the first newline of [from, to), or `to` if there is none.
  std::uintmax_t after_first_line(std::uintmax_t from, std::uintmax_t to);
  /// Behind the last newline of [from, to), or `from` if there is none.
  std::uintmax_t after_last_line(std::uintmax_t from, std::uintmax_t to);
};

}  // namespace leoflow::api
