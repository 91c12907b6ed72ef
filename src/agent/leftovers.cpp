#include "agent/leftovers.hpp"

#include <charconv>
#include <filesystem>
#include <signal.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"

namespace leoflow::agent {
namespace {

constexpr std::chrono::seconds kLimit{5};
/// For what was killed to become a zombie, and its children ours.
constexpr std::chrono::milliseconds kPause{2};

/// The parent of a process that runs; 0 of one that has ended.
/// Source: proc(5), /proc/pid/stat
pid_t living_parent_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
  // The name before it may hold anything.
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= stat.size()) return 0;
  const char state = stat[name_end + 2];
  if (state == 'Z' || state == 'X') return 0;
  pid_t parent = 0;
  std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), parent);
  return parent;
}

std::vector<pid_t> living_children() {
  std::vector<pid_t> out;
  const pid_t self = ::getpid();
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    if (living_parent_of(pid) == self) out.push_back(pid);
  }
  return out;
}

}  // namespace

void Leftovers::end_all(std::function<void(bool are_gone)> then) {
  then_ = std::move(then);
  kill_more(std::chrono::steady_clock::now() + kLimit);
}

void Leftovers::kill_more(std::chrono::steady_clock::time_point deadline) {
  std::size_t killed = 0;
  for (const pid_t pid : living_children()) {
    if (is_ours_(pid)) continue;
    ++killed;
    ::kill(pid, SIGKILL);
  }
  if (killed == 0) return std::exchange(then_, {})(true);
  log::info("{} processes that a task left behind are killed", killed);
  if (std::chrono::steady_clock::now() > deadline) return std::exchange(then_, {})(false);
  timer_.expires_after(kPause);
  timer_.async_wait([this, deadline](boost::system::error_code error) {
    if (!error) kill_more(deadline);
  });
}

}  // namespace leoflow::agent
