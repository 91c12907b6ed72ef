#include "agent/python_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <signal.h>

#include "base/log.hpp"

namespace leoflow::agent {
namespace {

using boost::system::error_code;

/// A Python that has not imported Airflow by then hangs.
constexpr std::chrono::minutes kStartLimit{5};
/// A file whose import takes longer is imported by its tasks, as Airflow does.
constexpr std::chrono::seconds kImportLimit{30};
/// Forking ahead waits until the loop had nothing to start for this long.
constexpr std::chrono::milliseconds kRefillDelay{4};
/// After a fork that failed.
constexpr std::chrono::seconds kRefillPause{5};
/// Files unused for longer keep no idle children.
constexpr std::chrono::minutes kIdleLimit{10};
constexpr std::chrono::milliseconds kFirstBackoff{200};
constexpr std::chrono::milliseconds kLastBackoff{5000};

}  // namespace

PythonPool::PythonPool(boost::asio::io_context& loop, PythonOptions options)
    : loop_(loop), options_(std::move(options)), base_timer_(loop), refill_timer_(loop) {
  start_base();
}

void PythonPool::start_base() {
  PythonProcess process;
  try {
    process = start_python(options_);
  } catch (const Fatal& error) {
    // What runs goes on; there may be room for another process later.
    log::error("the warm Python cannot be started: {}", error.what());
    return start_base_later();
  }
  base_pid_ = process.pid;
  base_ = std::make_shared<ForkServer>(loop_.get_executor(), std::move(process.channel));
  base_->start({.on_phase = [this] { on_base_phase(); },
                .on_child_gone = [this](const auto& child) { on_child_gone(child); },
                .on_zygote =
                    [this](std::uint64_t id, pid_t pid) {
                      for (auto& [file, zygote] : zygotes_) {
                        if (zygote.id == id) limit_import(file, zygote, pid);
                      }
                    }});
  for (const auto& [pid, child] : orphans_) base_->guard(pid, true);
  base_timer_.expires_after(kStartLimit);
  base_timer_.async_wait([this](error_code error) {
    if (error || base_pid_ == 0) return;
    log::error("the warm Python (pid {}) does not get ready", base_pid_);
    ::kill(base_pid_, SIGKILL);  // the end of its channel does the rest
  });
}

void PythonPool::on_base_phase() {
  if (base_->phase() == ForkServer::Phase::ready) {
    base_backoff_ = {};
    base_timer_.cancel();
    log::info("the warm Python is ready (pid {})", base_pid_);
    return;
  }
  log::error("the warm Python (pid {}) is gone; starting it again", base_pid_);
  const Server lost = std::move(base_);
  if (base_pid_ > 0) ::kill(base_pid_, SIGKILL);  // it may only have closed its channel
  base_ = nullptr;
  start_base_later();
  lose_children(*lost);
}

void PythonPool::start_base_later() {
  base_timer_.expires_after(base_backoff_);
  base_backoff_ = std::clamp(base_backoff_ * 2, kFirstBackoff, kLastBackoff);
  base_timer_.async_wait([this](error_code error) {
    if (!error && !base_) start_base();
  });
}

bool PythonPool::has_base() {
  if (!base_) start_base();
  return base_ != nullptr;
}

void PythonPool::lose_children(ForkServer& server) {
  for (const auto& child : server.children()) {
    if (child->pid() == 0) {
      child->ended({.is_known = false, .never_ran = !server.may_have_forked(child->id())});
    } else if (::kill(child->pid(), 0) != 0 && errno == ESRCH) {
      child->ended({.is_known = false});
    } else {
      // It becomes our own child now, and base kills it if we die.
      orphans_[child->pid()] = child;
      if (base_) base_->guard(child->pid(), true);
    }
    server.forget(child->id());
  }
}

bool PythonPool::owns(pid_t pid) const {
  const auto is_zygote = [pid](const auto& entry) { return entry.second.pid == pid; };
  return pid == base_pid_ || orphans_.contains(pid) || std::ranges::any_of(zygotes_, is_zygote);
}

void PythonPool::on_reaped(pid_t pid, int status, std::int64_t memory, std::int64_t cpu) {
  if (pid == base_pid_) {
    const ProcessEnd end = ProcessEnd::from_status(status, memory, cpu);
    log::error("the warm Python (pid {}) ended with exit code {}, signal {}", pid, end.exit_code, end.signal);
    base_pid_ = 0;  // the end of its channel does the rest
  }
  const auto found = orphans_.find(pid);
  if (found == orphans_.end()) return;
  const std::shared_ptr<Child> child = found->second;
  orphans_.erase(found);
  if (base_) base_->guard(pid, false);
  child->ended(ProcessEnd::from_status(status, memory, cpu));
}

void PythonPool::on_child_gone(const std::shared_ptr<Child>& child) {
  // There are too many processes, or too little memory: nothing is forked ahead for a while.
  if (child->pid() == 0) no_refill_before_ = Clock::now() + kRefillPause;
  for (auto& [file, zygote] : zygotes_) std::erase(zygote.idle, child);
}

std::shared_ptr<Child> PythonPool::fork_from(ForkServer& server, std::string_view kind) {
  try {
    auto child = std::make_shared<Child>(loop_.get_executor(), ++last_id_);
    server.fork(child, kind);
    return child;
  } catch (const Fatal& error) {
    log::error("no sockets for another process: {}", error.what());
    return nullptr;
  }
}

std::shared_ptr<Child> PythonPool::take_parse_child() {
  return has_base() ? fork_from(*base_, "parse") : nullptr;
}

std::shared_ptr<Child> PythonPool::take_trigger_child() {
  return has_base() ? fork_from(*base_, "trigger") : nullptr;
}

void PythonPool::take_task_child(const DagFile& file, bool preload, OnChild on_child) {
  if (!has_base()) return on_child(nullptr);
  if (!preload || is_refused(file)) return on_child(fork_from(*base_, "task"));
  Zygote* zygote = find_current(file);
  if (!zygote) zygote = make_zygote(file);
  if (!zygote) return on_child(nullptr);
  zygote->last_used = Clock::now();
  if (zygote->server->phase() == ForkServer::Phase::ready) return on_child(take_from(*zygote));
  zygote->waiting.push_back(std::move(on_child));
}

void PythonPool::warm(const DagFile& file) {
  if (has_base() && !is_refused(file) && !find_current(file)) make_zygote(file);
}

std::shared_ptr<Child> PythonPool::take_from(Zygote& zygote) {
  refill_soon();
  if (zygote.idle.empty()) return fork_from(*zygote.server, "task");
  std::shared_ptr<Child> child = std::move(zygote.idle.front());
  zygote.idle.pop_front();
  return child;
}

PythonPool::Zygote* PythonPool::find_current(const DagFile& file) {
  const auto found = zygotes_.find(file);
  if (found == zygotes_.end()) return nullptr;
  if (found->second.server->phase() == ForkServer::Phase::ready && found->second.server->is_stale()) {
    drop(file);
    return nullptr;
  }
  return &found->second;
}

PythonPool::Zygote* PythonPool::make_zygote(const DagFile& file) {
  evict_oldest();
  const std::uint64_t id = ++last_id_;
  Fd channel;
  try {
    channel = base_->fork_zygote(id, file);
  } catch (const Fatal& error) {
    log::error("no sockets for another process: {}", error.what());
    return nullptr;
  }
  Zygote& zygote = zygotes_[file];
  zygote.id = id;
  zygote.last_used = Clock::now();
  zygote.server = std::make_shared<ForkServer>(loop_.get_executor(), std::move(channel));
  zygote.server->start({.on_phase = [this, file, id = zygote.id] { on_zygote_phase(file, id); },
                        .on_child_gone = [this](const auto& child) { on_child_gone(child); },
                        .on_zygote = {}});
  return &zygote;
}

void PythonPool::limit_import(const DagFile& file, Zygote& zygote, pid_t pid) {
  zygote.pid = pid;
  if (zygote.server->phase() != ForkServer::Phase::starting) return;
  // Only now: before, it may have waited until the Python that it is forked from had imported Airflow.
  zygote.import_limit = std::make_unique<boost::asio::steady_timer>(loop_, kImportLimit);
  zygote.import_limit->async_wait([this, file, id = zygote.id](error_code error) {
    const auto found = zygotes_.find(file);
    if (error || found == zygotes_.end() || found->second.id != id) return;
    log::warning("importing '{}' ahead takes too long; its tasks import it themselves", file.path);
    ::kill(-found->second.pid, SIGKILL);
  });
}

void PythonPool::on_zygote_phase(const DagFile& file, std::uint64_t id) {
  if (const auto old = retired_.find(id); old != retired_.end()) {
    const Server server = old->second;
    if (server->phase() != ForkServer::Phase::lost) return;
    retired_.erase(old);
    return lose_children(*server);
  }
  const auto found = zygotes_.find(file);
  if (found == zygotes_.end() || found->second.id != id) return;
  Zygote& zygote = found->second;
  zygote.import_limit.reset();
  std::vector<OnChild> waiting = std::move(zygote.waiting);
  zygote.waiting.clear();
  if (zygote.server->phase() == ForkServer::Phase::ready) {
    for (const OnChild& on_child : waiting) on_child(fork_from(*zygote.server, "task"));
    return refill_soon();
  }
  const Server server = zygote.server;
  // Nobody else knows them.
  for (const auto& child : zygote.idle) child->abandon();
  zygotes_.erase(found);
  if (server->phase() == ForkServer::Phase::refused) {
    log::info("'{}' is not imported ahead: {}", file.path, server->reason());
    refuse(file, server->files());
  } else if (!server->has_served()) {
    // It died of its import, or was killed for taking too long.
    refuse(file, {});
  }
  lose_children(*server);
  for (OnChild& on_child : waiting) take_task_child(file, false, std::move(on_child));
}

void PythonPool::refuse(const DagFile& file, std::vector<FileStamp> files) {
  if (files.empty()) files.push_back(stamp_of(file.path));
  refusals_[file] = {std::move(files)};
}

bool PythonPool::is_refused(const DagFile& file) {
  const auto found = refusals_.find(file);
  if (found == refusals_.end()) return false;
  if (!is_any_changed(found->second.files)) return true;
  refusals_.erase(found);
  return false;
}

void PythonPool::drop(const DagFile& file) {
  const auto found = zygotes_.find(file);
  Zygote zygote = std::move(found->second);
  zygotes_.erase(found);
  for (const auto& child : zygote.idle) child->abandon();
  zygote.server->retire();
  // Kept for its children: their ends come through it.
  retired_[zygote.id] = std::move(zygote.server);
}

void PythonPool::evict_oldest() {
  while (zygotes_.size() >= options_.max_files) {
    const DagFile* oldest = nullptr;
    Clock::time_point when = Clock::time_point::max();
    for (const auto& [file, zygote] : zygotes_) {
      if (zygote.waiting.empty() && zygote.last_used < when) {
        oldest = &file;
        when = zygote.last_used;
      }
    }
    if (!oldest) return;
    drop(DagFile(*oldest));
  }
}

void PythonPool::refill_soon() {
  // Each start puts it off: ahead of demand must not mean in the way of demand.
  refill_timer_.expires_at(std::max(Clock::now() + kRefillDelay, no_refill_before_));
  refill_timer_.async_wait([this](error_code error) {
    if (!error) refill();
  });
}

void PythonPool::refill() {
  if (refill_one()) refill_soon();
}

bool PythonPool::refill_one() {
  const auto now = Clock::now();
  for (auto& [file, zygote] : zygotes_) {
    if (zygote.server->phase() != ForkServer::Phase::ready) continue;
    if (now - zygote.last_used > kIdleLimit || zygote.idle.size() >= options_.idle_children) continue;
    // One at a time: the next after this one runs.
    if (!zygote.idle.empty() && zygote.idle.back()->pid() == 0) return true;
    auto child = fork_from(*zygote.server, "task");
    if (!child) return false;
    zygote.idle.push_back(std::move(child));
    return true;
  }
  return false;
}

}  // namespace leoflow::agent
