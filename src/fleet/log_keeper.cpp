#include "fleet/log_keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "fleet/log_path.hpp"

namespace leoflow::fleet {
namespace {

/// Bytes that may be missing before a part, and that a log may have; agents keep to a tenth of it.
constexpr std::uint64_t kMostMissing = 128 << 20;
constexpr std::uint64_t kMostLog = 1 << 30;
constexpr std::size_t kKnownAttempts = 10'000;

/// A log file that is written anywhere in. Throws Fatal, naming it and the system's reason.
class File {
 public:
  explicit File(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) fail();
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }

  std::uint64_t size() const {
    const off_t end = ::lseek(fd_, 0, SEEK_END);
    if (end < 0) fail();
    return static_cast<std::uint64_t>(end);
  }
  void write(std::string_view text, std::uint64_t offset) const {
    while (!text.empty()) {
      const ssize_t written = ::pwrite(fd_, text.data(), text.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail();
      text.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
  }

 private:
  [[noreturn]] void fail() const { throw Fatal(fmt::format("{}: {}", path_, std::strerror(errno))); }

  const std::string path_;
  const int fd_;
};

}  // namespace

LogKeeper::LogKeeper(store::Database& database, std::string folder)
    : database_(database), folder_(std::move(folder)) {}

void LogKeeper::expect(const Uuid& attempt, const std::string& relative_path) {
  worker_.post([this, attempt, path = folder_ + "/" + relative_path] {
    if (paths_.size() >= kKnownAttempts) paths_.clear();
    paths_[attempt] = path;
  });
}

std::uint64_t LogKeeper::size(const std::string& relative_path) const {
  std::error_code error;
  const auto size = std::filesystem::file_size(folder_ + "/" + relative_path, error);
  return error ? 0 : size;
}

void LogKeeper::note(const Uuid& attempt, const std::string& relative_path, const std::string& event) {
  worker_.post([this, attempt, path = folder_ + "/" + relative_path, event] {
    try {
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
      const File file(path);
      const json::object line = {{"timestamp", to_iso_z(SystemClock().now())},
                                 {"level", "error"},
                                 {"event", event},
                                 {"logger", "leoflow.executor"}};
      const std::string text = json::serialize(line) + "\n";
      if (noted_.size() >= kKnownAttempts) noted_.clear();
      Note& noted = noted_[attempt];
      const std::uint64_t size = file.size();
      file.write(text, size);
      noted.at = size - noted.bytes;
      noted.bytes += text.size();
    } catch (const std::exception& error) {
      log::error("{}", error.what());
    }
  });
}

void LogKeeper::append(const Uuid& attempt, agentrpc::LogPart part, std::function<void(std::uint64_t)> then) {
  worker_.post([this, attempt, part = std::move(part), then = std::move(then)] {
    try {
      const std::string path = path_of(attempt);
      // Of an attempt that was deleted: nobody can read it.
      then(path.empty() ? part.offset() + part.content().size() : write(attempt, path, part));
    } catch (const std::exception& error) {
      // The agent sends it again when it connects anew.
      log::error("the log of attempt {}: {}", attempt.text(), error.what());
    }
  });
}

std::string LogKeeper::path_of(const Uuid& attempt) {
  if (const auto found = paths_.find(attempt); found != paths_.end()) return found->second;
  const auto session = database_.read();
  std::string path;
  for (const char* table : {"task_instance", "task_instance_history"}) {
    const auto rows = session->query(
        fmt::format("SELECT dag_id, run_id, task_id, map_index, try_number FROM {} WHERE id = $1", table),
        {attempt});
    if (rows.empty()) continue;
    const store::Row row = rows[0];
    path = folder_ + "/" +
           relative_log_path(row.text(0), row.text(1), row.text(2), static_cast<int>(row.integer(3)),
                             static_cast<int>(row.integer(4)));
    break;
  }
  if (paths_.size() >= kKnownAttempts) paths_.clear();
  return paths_[attempt] = path;
}

std::uint64_t LogKeeper::write(const Uuid& attempt, const std::string& path, const agentrpc::LogPart& part) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const File file(path);
  const auto found = noted_.find(attempt);
  const Note noted = found == noted_.end() ? Note{} : found->second;
  const std::uint64_t size = file.size() - std::min(file.size(), noted.bytes);
  if (part.offset() > size + kMostMissing || part.offset() + part.content().size() > kMostLog) {
    log::warning("a part of {} at {} is dropped: it cannot belong there", path, part.offset());
    return part.offset() + part.content().size();
  }
  if (part.offset() > size) {
    // Lost here, the agent may still have it. If it has not, a blank line stands for it.
    if (!part.is_first()) return size;
    file.write(std::string(part.offset() - size - 1, ' ') + "\n", size + noted.bytes);
  }
  // What stands before a note is kept already.
  const std::uint64_t known = noted.at > part.offset() ? noted.at - part.offset() : 0;
  if (known < part.content().size())
    file.write(std::string_view(part.content()).substr(known), part.offset() + known + noted.bytes);
  return part.offset() + part.content().size();
}

}  // namespace leoflow::fleet
