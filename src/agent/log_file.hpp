#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace leoflow::agent {

/// The log of one attempt on disk: appends whole lines and bounds its size. A
/// line that cannot be kept is counted, never an error: the task goes on. Once
/// lines can be kept again, and at the end, a line says what was lost.
class LogFile {
 public:
  /// Lines of an attempt, from this opening on, that are kept: 100 MiB.
  static constexpr std::uint64_t kMaxBytes = 100 << 20;

  /// Opens for appending; makes the folders above.
  /// Errors: unavailable (with the system's reason).
  static Result<LogFile> open(const std::string& path, std::uint64_t max_bytes = kMaxBytes);

  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&&) = delete;
  ~LogFile();

  /// @param line  without its newline.
  void append(std::string_view line);
  /// Writes what was appended. Call it after each batch.
  void flush();
  /// Flushes, and says what was lost.
  void finish();

 private:
  LogFile(int fd, std::uint64_t max_bytes) : fd_(fd), max_bytes_(max_bytes) {}
  void drop(std::string_view lines);
  void report_lost();

  int fd_;
  std::uint64_t max_bytes_;
  std::uint64_t kept_bytes_ = 0;
  std::string buffer_;
  bool is_torn_ = false;  // the last write stopped inside a line
  std::uint64_t over_cap_lines_ = 0;
  std::uint64_t over_cap_bytes_ = 0;
  std::uint64_t lost_lines_ = 0;
  std::uint64_t lost_bytes_ = 0;
  int lost_reason_ = 0;  // errno
};

/// One line in the form of Airflow's task log.
std::string log_line(std::string_view level, std::string_view logger, std::string_view event);

}  // namespace leoflow::agent
