#include "agent/file_waits.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <glob.h>
#include <span>

#include "base/json.hpp"

// Source: the standard provider's FileTrigger.
namespace leoflow::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileTrigger = "airflow.providers.standard.triggers.file.FileTrigger";
constexpr std::chrono::milliseconds kShortest{10};

bool holds_a_file(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unknown;
    if (!entry->is_directory(unknown)) return true;
  }
  return false;
}

}  // namespace

std::optional<FileTrigger> as_file_trigger(const agentrpc::RunTrigger& trigger) {
  if (trigger.classpath() != kFileTrigger || trigger.is_watcher() || !trigger.rendering().empty()) {
    return std::nullopt;
  }
  const auto kwargs = parse_json(trigger.kwargs());
  if (!kwargs) return std::nullopt;
  FileTrigger file;
  file.pattern = get_text(*kwargs, "filepath");
  if (file.pattern.empty()) return std::nullopt;
  if (get_bool(*kwargs, "recursive", false) && file.pattern.find("**") != std::string::npos) {
    return std::nullopt;
  }
  if (const json::value* seconds = find(*kwargs, "poke_interval");
      seconds != nullptr && seconds->is_number()) {
    const std::chrono::duration<double> interval(seconds->to_number<double>());
    file.interval = std::max(kShortest, std::chrono::duration_cast<std::chrono::milliseconds>(interval));
  }
  return file;
}

bool file_is_there(const std::string& pattern) {
  glob_t matches{};
  const bool any = ::glob(pattern.c_str(), GLOB_NOSORT | GLOB_NOESCAPE, nullptr, &matches) == 0;
  const bool found =
      any && std::ranges::any_of(std::span(matches.gl_pathv, matches.gl_pathc), [](const char* path) {
        std::error_code unknown;
        return fs::is_regular_file(path, unknown) || holds_a_file(path);
      });
  ::globfree(&matches);
  return found;
}

FileWaits::FileWaits(boost::asio::io_context& loop, std::function<void(const std::string&)> found)
    : loop_(loop), found_(std::move(found)) {}

FileWaits::~FileWaits() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void FileWaits::add(const std::string& id, FileTrigger trigger) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    waits_.insert_or_assign(id, Wait{std::move(trigger), now});
    next_ones_.emplace(now, id);
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_one();
}

bool FileWaits::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return waits_.erase(id) > 0;
}

std::size_t FileWaits::size() const {
  const std::lock_guard lock(mutex_);
  return waits_.size();
}

void FileWaits::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (next_ones_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto [due, id] = *next_ones_.begin();
    if (due > Clock::now()) {
      changed_.wait_until(lock, due);
      continue;
    }
    next_ones_.erase(next_ones_.begin());
    const auto wait = waits_.find(id);
    // Removed, or added anew, meanwhile.
    if (wait == waits_.end() || wait->second.due != due) continue;
    const FileTrigger trigger = wait->second.trigger;
    lock.unlock();
    const bool found = file_is_there(trigger.pattern);
    lock.lock();
    const auto still = waits_.find(id);
    if (still == waits_.end() || still->second.due != due) continue;
    if (found) {
      waits_.erase(still);
      boost::asio::post(loop_, [this, id = id] { found_(id); });
      continue;
    }
    still->second.due = Clock::now() + trigger.interval;
    next_ones_.emplace(still->second.due, id);
  }
}

}  // namespace leoflow::agent
