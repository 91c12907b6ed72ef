#include "lite/tree_watcher.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

#include "base/log.hpp"
#include "lite/discovery.hpp"

namespace leoflow::lite {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;
/// How long it must be quiet, and how long a burst may hold the call back.
constexpr milliseconds kQuiet{25};
constexpr milliseconds kPatience{250};
constexpr milliseconds kLookAnyway{30'000};

}  // namespace

TreeWatcher::TreeWatcher(std::string root, std::function<void()> on_change)
    : root_(std::move(root)),
      on_change_(std::move(on_change)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {}

TreeWatcher::~TreeWatcher() {
  stop();
  if (inotify_ >= 0) ::close(inotify_);
  ::close(wake_);
}

void TreeWatcher::start() {
  if (inotify_ < 0)
    log::warning("inotify is not available; changes below '{}' are seen every 30 seconds", root_);
  watch(root_);
  thread_ = std::thread([this] { run(); });
}

void TreeWatcher::stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  if (thread_.joinable()) thread_.join();
}

void TreeWatcher::watch(const std::string& folder) {
  if (inotify_ < 0) return;
  const int descriptor = ::inotify_add_watch(inotify_, folder.c_str(), kEvents);
  if (descriptor < 0) {
    // Otherwise it was deleted meanwhile, or is not ours to read.
    if (errno == ENOSPC && !std::exchange(is_short_, true)) {
      log::warning(
          "the kernel watches no more folders for this user (sysctl fs.inotify.max_user_watches): some "
          "changes "
          "below '{}' are seen every 30 seconds",
          root_);
    }
    return;
  }
  folders_[descriptor] = folder;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    const bool is_link = it->is_symlink(ignored);
    if (!is_link && it->is_directory(ignored) && !is_left_out(it->path().filename().string())) {
      watch(it->path().string());
    }
  }
}

bool TreeWatcher::drain() {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  bool interesting = false;
  for (;;) {
    const ssize_t length = ::read(inotify_, buffer.data(), buffer.size());
    if (length <= 0) return interesting;
    for (ssize_t at = 0; at < length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if ((event->mask & IN_IGNORED) != 0) {
        folders_.erase(event->wd);
        continue;
      }
      if (event->len == 0 || !is_left_out(event->name) || std::string_view(event->name) == kIgnoreFile)
        interesting = true;
      const bool new_folder = (event->mask & IN_ISDIR) != 0 && (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
      const auto folder = folders_.find(event->wd);
      if (new_folder && folder != folders_.end() && !is_left_out(event->name)) {
        watch(folder->second + "/" + event->name);
      }
    }
  }
}

void TreeWatcher::run() {
  std::array<pollfd, 2> fds = {pollfd{wake_, POLLIN, 0}, pollfd{inotify_, POLLIN, 0}};
  while (!stopping_) {
    const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(kLookAnyway.count()));
    if (stopping_) return;
    if (folders_.empty()) watch(root_);  // it was not there before
    if (ready > 0 && !drain()) continue;
    const auto first = Clock::now();
    while (!stopping_ && ready > 0 && Clock::now() - first < kPatience) {
      if (::poll(fds.data(), fds.size(), static_cast<int>(kQuiet.count())) == 0) break;
      drain();
    }
    if (!stopping_) on_change_();
  }
}

}  // namespace leoflow::lite
