#include "fleet/live_logs.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.hpp"

namespace leoflow::fleet {
namespace {

/// More would fill the memory while Redis is away. What is not deleted there goes by itself.
constexpr std::size_t kMostLogs = 10'000;
/// Bytes. Each has to be there in as much time as any other request.
constexpr std::uint64_t kPiece = 256 << 10;

std::string part_of(const std::string& path, std::uint64_t from, std::uint64_t to) {
  std::ifstream file(path, std::ios::binary);
  std::string out(to - from, '\0');
  file.seekg(static_cast<std::streamoff>(from));
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(file.gcount()));
  return out;
}

}  // namespace

LiveLogs::LiveLogs(std::shared_ptr<redis::Client> redis, std::string folder, LiveLogsOptions options)
    : shared_(std::move(redis)), folder_(std::move(folder)), options_(options), thread_([this] { work(); }) {}

LiveLogs::~LiveLogs() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void LiveLogs::wait_for(const std::string& name, bool is_over) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostLogs) waiting_.clear();
    waiting_[name] = is_over;
  }
  changed_.notify_all();
}

void LiveLogs::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (is_stopping_) return;
    auto batch = std::exchange(waiting_, {});
    lock.unlock();
    // While Redis is away, nothing is read of what it cannot be given.
    while (!batch.empty() && !is_stopping_ && bring(batch.begin()->first, batch.begin()->second))
      batch.erase(batch.begin());
    lock.lock();
    if (batch.empty()) continue;
    // What was said of them meanwhile is newer.
    waiting_.merge(batch);
    changed_.wait_for(lock, options_.pause, [this] { return is_stopping_.load(); });
  }
}

bool LiveLogs::bring(const std::string& name, bool is_over) {
  try {
    return copy_or_drop(name, is_over);
  } catch (const std::exception& error) {
    log::error("the copy of {} in Redis: {}", name, error.what());
    return false;
  }
}

bool LiveLogs::copy_or_drop(const std::string& name, bool is_over) {
  std::error_code none;
  const std::uintmax_t found = std::filesystem::file_size(folder_ + "/" + name, none);
  const std::uint64_t size = none ? 0 : found;
  if (is_over || size == 0 || size > options_.most) {
    copied_.erase(name);
    return shared_.drop(name);
  }
  if (copied_.size() >= kMostLogs) copied_.clear();
  const std::uint64_t copied = copied_[name];
  if (size == copied) return true;
  return copy(name, size < copied ? 0 : copied, size);
}

bool LiveLogs::copy(const std::string& name, std::uint64_t from, std::uint64_t to) {
  bool is_anew = from == 0;
  while (from < to) {
    std::string part = part_of(folder_ + "/" + name, from, std::min(to, from + kPiece));
    if (part.empty()) break;
    const std::uint64_t end = from + part.size();
    const auto is_put = shared_.put(name, from, std::move(part));
    if (!is_put) return false;
    copied_[name] = from = *is_put ? end : 0;
    if (*is_put) continue;
    // Redis has lost it, or another leader has written; if it still does, the log is its.
    if (std::exchange(is_anew, true)) break;
  }
  return true;
}

}  // namespace leoflow::fleet
