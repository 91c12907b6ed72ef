#include "lite/plugin_apps.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/log.hpp"
#include "base/socket_path.hpp"
#include "base/spawn.hpp"
#include "http/forward.hpp"

namespace leoflow::lite {
namespace {

// Each holds one of the server's workers: the rest of them keeps the UI alive when an application hangs.
constexpr int kMostWaiting = 4;
/// One that ends sooner is not started again before this has passed, or the plugins have changed.
constexpr std::chrono::seconds kLeastLife{10};

constexpr const char* kRunApps =
    "import sys; sys.path[0] = sys.argv.pop(); from leoflow_worker.plugin_apps import main; main()";

/// The descriptors of one start. Closed at the end.
struct Ends {
  int listener = -1;
  std::array<int, 2> life{-1, -1};
  ~Ends() {
    for (const int fd : {listener, life[0], life[1]}) {
      if (fd >= 0) ::close(fd);
    }
  }
};

int listen_at(const std::string& path) {
  ::unlink(path.c_str());
  const SocketPath at(path);
  if (!at.fits()) return errno = ENAMETOOLONG, -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  at.text().copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool listens =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 128) == 0;
  if (listens) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

PluginApps::~PluginApps() {
  const std::lock_guard lock(mutex_);
  end();
}

http::Response PluginApps::serve(const http::Request& request) {
  struct Place {
    std::atomic<int>& taken;
    const int number = ++taken;
    ~Place() { --taken; }
  } place{waiting_};
  if (place.number > kMostWaiting) return http::error_response(503, "The applications of plugins are busy");
  if (const auto running = ensure_running(); !running) {
    return http::error_response(502, running.error().message);
  }
  auto answer =
      http::forward({.to = "unix:" + options_.folder + "/socket", .limit = options_.limit}, request);
  if (answer) return std::move(*answer);
  log::warning("{} {}: the applications of plugins do not answer: {}", request.method, request.path,
               answer.error().reason);
  return http::error_response(
      502, "The applications of plugins do not answer; plugins/log in the agent's folder may say why");
}

Result<void> PluginApps::ensure_running() {
  const std::lock_guard lock(mutex_);
  if (pid_ > 0 && !has_ended()) return {};
  if (std::chrono::steady_clock::now() - started_ < kLeastLife) {
    return fail(ErrorCode::unavailable,
                "The process of the plugins' applications ended at once; its log says why");
  }
  return spawn();
}

bool PluginApps::has_ended() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return false;
  log::warning("the process of the plugins' applications (pid {}) has ended", pid_);
  ::close(life_line_);
  pid_ = life_line_ = -1;
  return true;
}

Result<void> PluginApps::spawn() {
  std::filesystem::create_directories(options_.folder);
  std::filesystem::permissions(options_.folder, std::filesystem::perms::owner_all);
  const std::string log_file = options_.folder + "/log";
  Ends ends;
  // The child alone listens: when it dies, whoever waits for it is told.
  ends.listener = listen_at(options_.folder + "/socket");
  if (ends.listener < 0 || ::pipe2(ends.life.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("no socket for the applications of plugins: {}", std::strerror(errno)));
  }
  const auto pid = start_session({.arguments = {options_.python, "-c", kRunApps, options_.worker_path},
                                  .environment = options_.environment,
                                  .log_file = log_file,
                                  .input = ends.life[0],
                                  .third = ends.listener});
  if (!pid) return std::unexpected(pid.error());
  pid_ = *pid;
  life_line_ = std::exchange(ends.life[1], -1);
  started_ = std::chrono::steady_clock::now();
  log::info("the applications of plugins are served by process {}", pid_);
  return {};
}

void PluginApps::renew() {
  const std::lock_guard lock(mutex_);
  end();
  started_ = {};
}

// It holds nothing that is worth a slow goodbye: requests in progress are broken off.
void PluginApps::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::close(life_line_);
  pid_ = life_line_ = -1;
}

}  // namespace leoflow::lite
