#include "fleet/log_spool.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "base/log.hpp"
#include "base/text.hpp"
#include "fleet/mapped_file.hpp"

namespace leoflow::fleet {

namespace fs = std::filesystem;

namespace {

constexpr int kThreads = 4;
constexpr std::uint64_t kFetchedAtOnce = 8 << 20;

std::uint64_t log_size(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

LogSpool::LogSpool(std::shared_ptr<objects::ObjectStore> store, std::string folder, LogSpoolOptions options,
                   std::function<void(const std::string&)> on_stored)
    : store_(std::move(store)),
      files_(folder + "/files"),
      markers_(folder + "/unstored"),
      leftover_(folder + "/leftover"),
      fetched_(folder + "/fetched"),
      options_(options),
      on_stored_(std::move(on_stored)),
      pause_(options.first_pause) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
}

LogSpool::~LogSpool() {
  stop();
}

void LogSpool::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void LogSpool::stand_still(bool does) {
  {
    const std::lock_guard lock(mutex_);
    is_still_ = does;
  }
  changed_.notify_all();
}

std::string LogSpool::marker_of(const std::string& name) const {
  return markers_ + "/" + sha1_hex(name);
}

void LogSpool::take_over() {
  fs::create_directories(leftover_);
  if (fs::is_directory(markers_)) {
    for (const auto& marker : fs::directory_iterator(markers_)) adopt(marker.path().string());
  }
  for (const std::string& folder : {files_, markers_, fetched_}) {
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& entry : fs::directory_iterator(leftover_)) {
    if (entry.path().extension() != ".log") continue;
    const std::string file = entry.path().string();
    auto name = read_file(fs::path(file).replace_extension(".name").string());
    if (name) jobs_["leftover " + *name] = {.kind = Kind::leftover, .name = std::move(*name), .file = file};
  }
  if (!jobs_.empty()) log::info("{} logs of an earlier leader are still to be stored", jobs_.size());
  changed_.notify_all();
}

/// Puts a log that an earlier leader had not stored aside.
void LogSpool::adopt(const std::string& marker) {
  const auto name = read_file(marker);
  if (!name) return;
  const std::string file = files_ + "/" + *name;
  const std::string base = leftover_ + "/" + sha1_hex(*name);
  // One may be left of a leader before that; a log only becomes longer.
  if (log_size(file) <= log_size(base + ".log")) return;
  write_file_atomically(base + ".name", *name);
  fs::rename(file, base + ".log");
}

void LogSpool::change(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = unstored_.try_emplace(name);
  at->second = std::chrono::steady_clock::now();
  if (const auto job = jobs_.find(name); job != jobs_.end() && job->second.is_worked_on)
    job->second.is_outdated = true;
  if (!is_new) return;
  fs::create_directories(markers_);
  std::ofstream(marker_of(name), std::ios::binary) << name;
}

void LogSpool::store(const std::string& name, const std::optional<Uuid>& attempt,
                     std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    Job& job = jobs_[name];
    job.name = name;
    job.file = files_ + "/" + name;
    job.is_wanted_again = true;
    job.is_unasked = false;
    if (attempt) job.thens[*attempt] = std::move(then);
  }
  changed_.notify_one();
}

bool LogSpool::is_awaited_by(const Uuid& attempt) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(jobs_, [&](const auto& job) { return job.second.thens.contains(attempt); });
}

bool LogSpool::is_stored(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return !unstored_.contains(name) && !jobs_.contains(name);
}

void LogSpool::fetch(const std::string& name, bool must, std::function<void(Fetched)> then) {
  {
    const std::lock_guard lock(mutex_);
    const std::string id = fmt::format("fetch {}", ++fetches_);
    // Nobody waits longer for a store that is known to be away, where it can be done without.
    if (must || (fetch_trouble_.empty() && store_trouble_.empty())) {
      jobs_[id] = {.kind = Kind::fetch,
                   .name = name,
                   .file = fmt::format("{}/{}", fetched_, fetches_),
                   .must = must,
                   .fetched = std::move(then)};
      then = nullptr;
    }
  }
  if (then) return then(std::nullopt);
  changed_.notify_one();
}

std::size_t LogSpool::waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(jobs_, [](const auto& job) { return job.second.kind != Kind::fetch; }));
}

void LogSpool::work() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const auto at = next_due(lock);
    if (at != jobs_.end()) run(lock, at);
  }
}

LogSpool::Jobs::iterator LogSpool::next_due(std::unique_lock<std::mutex>& lock) {
  const Moment now = std::chrono::steady_clock::now();
  store_idle(now);
  Moment next = now + std::min<std::chrono::milliseconds>(options_.idle, std::chrono::seconds(10));
  auto first = jobs_.end();
  for (auto at = jobs_.begin(); at != jobs_.end(); ++at) {
    if (at->second.is_worked_on || at->second.due >= next) continue;
    if (is_still_ && at->second.kind != Kind::fetch) continue;
    next = at->second.due;
    first = at;
  }
  if (first != jobs_.end() && next <= now) return first;
  changed_.wait_until(lock, next);
  return jobs_.end();
}

void LogSpool::store_idle(Moment now) {
  for (const auto& [name, written] : unstored_) {
    if (now - written < options_.idle || jobs_.contains(name)) continue;
    jobs_[name] = {.name = name, .file = files_ + "/" + name, .is_unasked = true};
  }
}

void LogSpool::run(std::unique_lock<std::mutex>& lock, Jobs::iterator at) {
  Job& job = at->second;
  // Of one log there is one job: what an earlier leader left comes before or after it, never beside it.
  const std::string other = job.kind == Kind::leftover ? job.name : "leftover " + job.name;
  if (const auto found = jobs_.find(other); found != jobs_.end() && found->second.is_worked_on) {
    job.due = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    return;
  }
  if (job.kind != Kind::fetch && !fs::exists(job.file)) return forget(at);
  job.is_worked_on = true;
  job.is_outdated = job.is_wanted_again = false;
  const Job order = job;
  lock.unlock();
  Result<Fetched> done = Fetched();
  try {
    if (order.kind == Kind::fetch) {
      done = fetch_file(order);
    } else if (auto stored = store_one(order); !stored) {
      done = std::unexpected(stored.error());
    }
  } catch (const std::exception& error) {
    done = fail(ErrorCode::unavailable, error.what());
  }
  lock.lock();
  job.is_worked_on = false;
  note_trouble(order, done ? nullptr : &done.error());
  if (!done && job.must) return put_off(job);
  if (job.kind == Kind::fetch) {
    const auto then = std::move(job.fetched);
    jobs_.erase(at);
    lock.unlock();
    then(done ? *done : std::nullopt);
    lock.lock();
    return;
  }
  // The store may have been left as it was, and whoever asks since wants this log there.
  if (order.is_unasked && !job.is_unasked) return;
  metrics_.stored.add();
  finish(at, lock);
}

void LogSpool::forget(Jobs::iterator at) {
  if (at->second.kind == Kind::store) is_as_stored(at->second.name);
  jobs_.erase(at);
}

void LogSpool::is_as_stored(const std::string& name) {
  unstored_.erase(name);
  std::error_code ignored;
  fs::remove(marker_of(name), ignored);
}

void LogSpool::put_off(Job& job) {
  job.due = std::chrono::steady_clock::now() + pause_;
  pause_ = std::min(pause_ * 2, options_.longest_pause);
}

void LogSpool::finish(Jobs::iterator at, std::unique_lock<std::mutex>& lock) {
  Job& job = at->second;
  // What is written without end is not stored without end, but when it is quiet or over.
  if (job.is_outdated && job.is_wanted_again) return;
  const std::string name = job.name;
  const auto thens = std::move(job.thens);
  const bool is_stored = job.kind == Kind::store && !job.is_outdated;
  jobs_.erase(at);
  if (is_stored) is_as_stored(name);
  lock.unlock();
  for (const auto& [attempt, then] : thens) then();
  if (is_stored) on_stored_(name);
  lock.lock();
}

void LogSpool::note_trouble(const Job& job, const Error* error) {
  std::string& trouble = job.kind == Kind::fetch ? fetch_trouble_ : store_trouble_;
  const std::string_view what = job.kind == Kind::fetch ? "fetched" : "stored";
  if (error == nullptr) {
    if (trouble.empty()) return;
    log::info("logs can be {} again; {} wait for {}", what, jobs_.size(), store_->url(""));
    trouble.clear();
    pause_ = options_.first_pause;
    for (auto& [id, other] : jobs_) other.due = {};
    return changed_.notify_all();
  }
  metrics_.failures.add();
  // Behind the object: "403 AccessDenied: ..." Further on it names what changes each time.
  std::string words = error->message;
  const std::string url = store_->url(job.name) + ": ";
  if (words.starts_with(url)) words = words.substr(url.size(), words.find(':', url.size()) - url.size());
  if (words == trouble) return;
  log::error("logs cannot be {}; it is tried again until they are. {}", what, error->message);
  trouble = std::move(words);
}

Result<void> LogSpool::store_one(const Job& job) {
  if (job.kind == Kind::leftover) return store_leftover(job);
  return job.is_unasked ? store_if_longer(job) : store_file(job);
}

Result<void> LogSpool::store_file(const Job& job) {
  const MappedFile file(job.file);
  if (file.bytes().empty()) return {};
  return store_->put(job.name, file.bytes());
}

Result<void> LogSpool::store_if_longer(const Job& job) {
  const auto known = store_->size(job.name);
  if (!known && known.error().code != ErrorCode::not_found) return std::unexpected(known.error());
  const std::uint64_t size = known ? *known : 0;
  // Whoever led since has stored at least as much of it.
  if (size >= log_size(job.file)) return {};
  return store_file(job);
}

Result<void> LogSpool::store_leftover(const Job& job) {
  if (auto stored = store_if_longer(job); !stored) return stored;
  fs::remove(job.file);
  fs::remove(fs::path(job.file).replace_extension(".name"));
  return {};
}

Result<LogSpool::Fetched> LogSpool::fetch_file(const Job& job) {
  fs::create_directories(fetched_);
  std::ofstream file(job.file, std::ios::binary);
  file.exceptions(std::ios::failbit | std::ios::badbit);
  for (std::uint64_t at = 0;;) {
    const auto piece = store_->get(job.name, at, kFetchedAtOnce);
    if (!piece) {
      fs::remove(job.file);
      if (piece.error().code == ErrorCode::not_found) return Fetched();
      return std::unexpected(piece.error());
    }
    file << piece->bytes;
    at += piece->bytes.size();
    if (at >= piece->total || piece->bytes.empty()) return Fetched(job.file);
  }
}

}  // namespace leoflow::fleet
