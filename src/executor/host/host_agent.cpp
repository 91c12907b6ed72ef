#include "executor/host/host_agent.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "base/log.hpp"
#include "base/spawn.hpp"
#include "base/text.hpp"

namespace leoflow::executor {
namespace {

constexpr std::chrono::milliseconds kFirstBackoff{100};
constexpr std::chrono::milliseconds kLongestBackoff{10'000};
/// An agent that lived so long was well.
constexpr std::chrono::seconds kIsWell{30};

int open_pid_fd(int pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

}  // namespace

HostAgent::HostAgent(HostAgentOptions options, std::function<void(std::uint32_t)> on_death)
    : options_(std::move(options)), on_death_(std::move(on_death)), wake_fd_(::eventfd(0, EFD_CLOEXEC)) {}

HostAgent::~HostAgent() {
  stop();
  ::close(wake_fd_);
}

Result<void> HostAgent::start() {
  if (!find_running()) {
    if (auto spawned = spawn(); !spawned) return spawned;
  }
  supervisor_ = std::thread([this] { supervise(); });
  return {};
}

bool HostAgent::find_running() {
  const auto text = read_file(options_.pid_file);
  if (!text) return false;
  const auto parts = split(trim(*text), ' ');
  int pid = 0;
  std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), pid);
  if (pid <= 0 || parts.size() != 3 || start_ticks(pid) != parts[1]) return false;
  pid_fd_ = open_pid_fd(pid);
  if (pid_fd_ < 0) return false;
  pid_ = pid;
  is_child_ = false;
  if (parts[2] == fingerprint()) {
    log::info("the agent of the server before goes on (pid {})", pid);
    return true;
  }
  log::info("the agent of the server before (pid {}) was started otherwise; it is replaced", pid);
  end_agent();
  return false;
}

std::string HostAgent::fingerprint() const {
  std::string all = join(options_.command, "\n");
  for (const auto& [name, value] : options_.environment) all += "\n" + name + "=" + value;
  return sha256_hex(all).substr(0, 16);
}

Result<void> HostAgent::spawn() {
  const auto pid = start_session(
      {.arguments = options_.command, .environment = options_.environment, .log_file = options_.log_file});
  if (!pid) return std::unexpected(pid.error());
  const int pid_fd = open_pid_fd(*pid);
  if (pid_fd < 0) {
    // Nobody would notice its end.
    const std::string why = std::strerror(errno);
    ::kill(*pid, SIGKILL);
    ::waitpid(*pid, nullptr, 0);
    return fail(ErrorCode::unavailable, fmt::format("cannot watch the agent (pid {}): {}", *pid, why));
  }
  pid_ = *pid;
  is_child_ = true;
  pid_fd_ = pid_fd;
  write_pid_file();
  return {};
}

void HostAgent::write_pid_file() const {
  try {
    write_file_atomically(options_.pid_file,
                          fmt::format("{} {} {}\n", pid_, start_ticks(pid_), fingerprint()), 0600);
  } catch (const Fatal& error) {
    // Only the next server needs it.
    log::error("{}", error.what());
  }
}

void HostAgent::wait_for_end() {
  pollfd fds[] = {{pid_fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
}

void HostAgent::supervise() {
  auto backoff = kFirstBackoff;
  while (!stopping_) {
    const auto started = std::chrono::steady_clock::now();
    wait_for_end();
    if (stopping_) return;
    bury();
    // One that dies at once would otherwise be started for ever, as fast as it goes.
    if (std::chrono::steady_clock::now() - started > kIsWell) backoff = kFirstBackoff;
    // What it lacks, memory for instance, may be there later.
    while (pid_fd_ < 0) {
      pause(backoff);
      if (stopping_) return;
      backoff = std::min(backoff * 2, kLongestBackoff);
      if (auto spawned = spawn(); !spawned) log::error("{}", spawned.error().message);
    }
  }
}

void HostAgent::bury() {
  int status = 0;
  if (is_child_) ::waitpid(pid_, &status, 0);
  log::warning("the agent (pid {}) ended{}; starting another", pid_,
               WIFSIGNALED(status) ? fmt::format(" by signal {}", WTERMSIG(status)) : "");
  ::close(std::exchange(pid_fd_, -1));
  on_death_(static_cast<std::uint32_t>(pid_));
}

void HostAgent::pause(std::chrono::milliseconds length) const {
  pollfd wake = {wake_fd_, POLLIN, 0};
  ::poll(&wake, 1, static_cast<int>(length.count()));
}

void HostAgent::stop() {
  if (stopping_.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  if (supervisor_.joinable()) supervisor_.join();
  if (pid_ <= 0 || pid_fd_ < 0) return;
  end_agent();
  ::unlink(options_.pid_file.c_str());
}

void HostAgent::end_agent() {
  ::syscall(SYS_pidfd_send_signal, pid_fd_, SIGTERM, nullptr, 0);
  pollfd end = {pid_fd_, POLLIN, 0};
  if (::poll(&end, 1, 15'000) == 0) ::syscall(SYS_pidfd_send_signal, pid_fd_, SIGKILL, nullptr, 0);
  if (is_child_) ::waitpid(pid_, nullptr, 0);
  ::close(std::exchange(pid_fd_, -1));
}

}  // namespace leoflow::executor
