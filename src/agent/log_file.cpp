#include "agent/log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/time_text.hpp"

namespace leoflow::agent {

std::string log_line(std::string_view level, std::string_view logger, std::string_view event) {
  return json::serialize(json::object{
      {"timestamp", to_iso_z(SystemClock().now())}, {"level", level}, {"event", event}, {"logger", logger}});
}

Result<LogFile> LogFile::open(const std::string& path, std::uint64_t max_bytes) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return fail(ErrorCode::unavailable, fmt::format("log file '{}': {}", path, std::strerror(errno)));
  }
  return LogFile(fd, max_bytes);
}

LogFile::LogFile(LogFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), max_bytes_(other.max_bytes_), buffer_(std::move(other.buffer_)) {}

LogFile::~LogFile() {
  if (fd_ >= 0) ::close(fd_);
}

void LogFile::append(std::string_view line) {
  const std::uint64_t size = line.size() + 1;
  // Once over the cap, all is dropped: a log with holes would mislead.
  if (over_cap_lines_ > 0 || kept_bytes_ + size > max_bytes_) {
    ++over_cap_lines_;
    over_cap_bytes_ += size;
    return;
  }
  kept_bytes_ += size;
  buffer_.append(line);
  buffer_.push_back('\n');
}

void LogFile::flush() {
  if (buffer_.empty()) return;
  if (lost_lines_ > 0) report_lost();
  if (is_torn_) buffer_.insert(0, "\n");
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      lost_reason_ = errno;
      break;
    }
    is_torn_ = rest[static_cast<std::size_t>(written) - 1] != '\n';
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  drop(rest);
  buffer_.clear();
}

void LogFile::drop(std::string_view lines) {
  lost_lines_ += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
  lost_bytes_ += lines.size();
}

void LogFile::report_lost() {
  const std::string line = log_line("warning", "leoflow.agent",
                                    fmt::format("{} log lines ({} bytes) were lost here: {}", lost_lines_,
                                                lost_bytes_, std::strerror(lost_reason_)));
  // Its own write: if it fails, the loss is still to be told.
  const std::string text = (is_torn_ ? "\n" : "") + line + "\n";
  if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return;
  is_torn_ = false;
  lost_lines_ = 0;
  lost_bytes_ = 0;
}

void LogFile::finish() {
  flush();
  if (over_cap_lines_ > 0) {
    buffer_ =
        log_line("warning", "leoflow.agent",
                 fmt::format("The log is truncated here: {} more lines ({} bytes) were dropped after the "
                             "limit of {} bytes",
                             over_cap_lines_, over_cap_bytes_, max_bytes_)) +
        "\n";
    over_cap_lines_ = 0;
    flush();
  }
  if (lost_lines_ > 0) report_lost();
}

}  // namespace leoflow::agent
