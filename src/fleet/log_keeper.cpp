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
#include "tasks/log_path.hpp"

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

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

std::uint64_t kept_size(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

LogKeeper::LogKeeper(store::Database& database, std::string folder, std::optional<StoredLogs> stored,
                     std::shared_ptr<redis::Client> redis)
    : database_(database),
      folder_(stored ? folder + "/files" : folder),
      deletes_files_(stored && stored->deletes_files) {
  if (redis) live_.emplace(std::move(redis), folder_);
  if (!stored) return;
  spool_ = std::make_unique<LogSpool>(stored->store, std::move(folder), stored->spool,
                                      [this](const std::string& name) {
                                        if (deletes_files_)
                                          worker_->post([this, name] { delete_file(name); });
                                      });
}

LogKeeper::~LogKeeper() {
  stop();
  worker_.reset();
}

void LogKeeper::know_pods(FindPodsLog find) {
  const std::lock_guard lock(pods_mutex_);
  find_pods_log_ = std::move(find);
}

void LogKeeper::take_over() {
  if (spool_) spool_->take_over();
}

void LogKeeper::stop() {
  // Whoever knows the pods may be gone before the last part is looked at.
  know_pods([](const Uuid&) { return std::optional<std::string>(); });
  if (spool_) spool_->stop();
}

void LogKeeper::stand_still(bool does) {
  if (spool_) spool_->stand_still(does);
}

void LogKeeper::begin(const Uuid& attempt, const std::string& relative_path, bool goes_on,
                      std::function<void(std::uint64_t)> then) {
  worker_->post([this, attempt, name = relative_path, goes_on, then = std::move(then)] {
    if (names_.size() >= kKnownAttempts) names_.clear();
    names_[attempt] = name;
    // What another leader had copied may be an earlier log of that name.
    if (live_) live_->change(name);
    with_file(name, {.work = [this, name, then] { then(kept_size(file_of(name))); }, .must = goes_on});
  });
}

std::uint64_t LogKeeper::size(const std::string& relative_path) const {
  return kept_size(file_of(relative_path));
}

void LogKeeper::note(const Uuid& attempt, const std::string& relative_path, const std::string& event) {
  worker_->post([this, attempt, name = relative_path, event] { add_note(attempt, name, event); });
}

void LogKeeper::note_unless_succeeded(const Uuid& attempt, const std::string& relative_path,
                                      const std::string& event) {
  worker_->post([this, attempt, name = relative_path, event] {
    if (!has_succeeded(attempt)) add_note(attempt, name, event);
  });
}

bool LogKeeper::has_succeeded(const Uuid& attempt) {
  try {
    const auto session = database_.read();
    const auto rows = session->query("SELECT state FROM task_instance WHERE id = $1", {attempt});
    return !rows.empty() && rows[0].find_text(0) == "success";
  } catch (const store::Unavailable& error) {
    log::warning("{}: nobody knows how attempt {} ended", error.what(), attempt.text());
    return false;
  }
}

void LogKeeper::add_note(const Uuid& attempt, const std::string& name, const std::string& event) {
  with_file(name, {.work = [this, attempt, name, event] { write_note(attempt, name, event); }, .must = true});
}

void LogKeeper::write_note(const Uuid& attempt, const std::string& name, const std::string& event) {
  try {
    const std::string path = file_of(name);
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
    if (!spool_) return;
    spool_->change(name);
    spool_->store(name);
  } catch (const std::exception& error) {
    log::error("{}", error.what());
  }
}

void LogKeeper::append(const Uuid& attempt, agentrpc::LogPart part, std::function<void(Kept)> then) {
  worker_->post([this, attempt, part = std::move(part), then = std::move(then)] {
    try {
      const std::optional<std::string> name = name_of(attempt);
      // The agent repeats it for as long as nobody answers.
      if (!name) return;
      // Of an attempt that was deleted: nobody can read it.
      if (name->empty()) return then({part.offset() + part.content().size(), true});
      // Only what stands before the agent's first byte is not had from the agent.
      if (!part.is_first() || part.offset() == 0) return append_now(attempt, *name, part, then);
      const auto go_on = [this, attempt, name = *name, part, then] {
        append_now(attempt, name, part, then);
        set_early(attempt, false);
      };
      set_early(attempt, true);
      with_file(*name, {.work = go_on, .must = true, .is_part = true});
    } catch (const std::exception& error) {
      // The agent sends it again when it connects anew.
      log::error("the log of attempt {}: {}", attempt.text(), error.what());
    }
  });
}

bool LogKeeper::is_awaited_by(const Uuid& attempt) const {
  if (!spool_) return false;
  {
    const std::lock_guard lock(early_mutex_);
    if (early_.contains(attempt)) return true;
  }
  return spool_->is_awaited_by(attempt);
}

void LogKeeper::set_early(const Uuid& attempt, bool is_early) {
  const std::lock_guard lock(early_mutex_);
  if (is_early) {
    early_.insert(attempt);
  } else {
    early_.erase(attempt);
  }
}

void LogKeeper::append_now(const Uuid& attempt, const std::string& name, const agentrpc::LogPart& part,
                           const std::function<void(Kept)>& then) {
  try {
    const std::string path = file_of(name);
    // An earlier leader has it; a file without it would pass for the log.
    if (spool_ && !part.is_first() && !is_there(path)) return then({});
    const std::uint64_t before = kept_size(path);
    const std::uint64_t end = write(attempt, name, part);
    const bool is_all = part.is_last() && end == part.offset() + part.content().size();
    const std::uint64_t after = kept_size(path);
    if (spool_ && after != before) spool_->change(name);
    if (live_ && after != before) live_->change(name);
    if (is_all && (!spool_ || after == 0 || spool_->is_stored(name))) {
      note_end(name);
      return then({end, true});
    }
    if (!is_all) return then({end, false});
    // Notes stand where they do in this file.
    if (deletes_files_ && !noted_.contains(attempt)) whole_.insert(name);
    spool_->store(name, attempt, [this, name, end, then] {
      note_end(name);
      then({end, true});
    });
  } catch (const std::exception& error) {
    log::error("the log of attempt {}: {}", attempt.text(), error.what());
  }
}

void LogKeeper::with_file(const std::string& name, Waiting waiting) {
  if (!spool_ || is_there(file_of(name))) return waiting.work();
  auto& all = waiting_[name];
  // The agent repeats it for as long as nobody says that it is kept.
  if (waiting.is_part && std::ranges::any_of(all, &Waiting::is_part)) return;
  all.push_back(std::move(waiting));
  if (all.size() == 1) fetch(name);
}

void LogKeeper::fetch(const std::string& name) {
  const bool must = std::ranges::any_of(waiting_[name], &Waiting::must);
  spool_->fetch(name, must, [this, name, must](LogSpool::Fetched file) {
    worker_->post([this, name, must, file = std::move(file)] { fetched(name, file, must); });
  });
}

void LogKeeper::fetched(const std::string& name, const LogSpool::Fetched& file, bool was_must) {
  const std::string path = file_of(name);
  std::error_code error;
  if (file && !is_there(path)) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    std::filesystem::rename(*file, path, error);
    if (error) log::error("{}: {}", path, error.message());
  }
  std::vector<Waiting> all = std::move(waiting_[name]);
  waiting_.erase(name);
  for (Waiting& waiting : all) {
    // It joined those that can do without, and nobody knows whether there is nothing.
    if (waiting.must && !was_must) {
      with_file(name, std::move(waiting));
    } else {
      waiting.work();
    }
  }
}

void LogKeeper::delete_file(const std::string& name) {
  if (!spool_->is_stored(name) || whole_.erase(name) == 0) return;
  std::error_code ignored;
  std::filesystem::remove(file_of(name), ignored);
}

std::optional<std::string> LogKeeper::name_of(const Uuid& attempt) {
  if (const auto found = names_.find(attempt); found != names_.end()) return found->second;
  std::optional<std::string> name = name_in_database(attempt);
  if (name->empty()) {
    // A try that was put off again and again had more ids than the database remembers.
    const std::lock_guard lock(pods_mutex_);
    name = find_pods_log_(attempt);
  }
  if (!name || name->empty()) return name;
  if (names_.size() >= kKnownAttempts) names_.clear();
  names_[attempt] = *name;
  return name;
}

std::string LogKeeper::name_in_database(const Uuid& attempt) {
  const auto session = database_.read();
  // A part of a try that was deferred has another id afterwards, and none in the history.
  for (const char* where : {"task_instance WHERE id = $1", "task_instance_history WHERE id = $1",
                            "task_instance WHERE previous_id = $1"}) {
    const auto rows = session->query(
        fmt::format("SELECT dag_id, run_id, task_id, map_index, try_number FROM {}", where), {attempt});
    if (rows.empty()) continue;
    const store::Row row = rows[0];
    return tasks::relative_log_path(row.text(0), row.text(1), row.text(2), static_cast<int>(row.integer(3)),
                                    static_cast<int>(row.integer(4)));
  }
  return "";
}

std::uint64_t LogKeeper::write(const Uuid& attempt, const std::string& name, const agentrpc::LogPart& part) {
  const std::string path = file_of(name);
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
