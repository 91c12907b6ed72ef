#include "base/spawn.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <string_view>
#include <unistd.h>

#include "base/text.hpp"

extern char** environ;

namespace leoflow {
namespace {

class FileActions {
 public:
  explicit FileActions(const SessionStart& start) {
    posix_spawn_file_actions_init(&actions_);
    if (start.input < 0) {
      posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    } else {
      posix_spawn_file_actions_adddup2(&actions_, start.input, 0);
    }
    posix_spawn_file_actions_addopen(&actions_, 1, start.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    if (start.third >= 0) posix_spawn_file_actions_adddup2(&actions_, start.third, 3);
    // It may outlive us: a listening socket that it inherited would keep our ports.
    posix_spawn_file_actions_addclosefrom_np(&actions_, start.third < 0 ? 3 : 4);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class SessionAttributes {
 public:
  SessionAttributes() {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SessionAttributes(const SessionAttributes&) = delete;
  SessionAttributes& operator=(const SessionAttributes&) = delete;
  ~SessionAttributes() { posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

}  // namespace

std::vector<char*> c_strings(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& given) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!given.contains(std::string(text.substr(0, text.find('='))))) out.emplace_back(text);
  }
  for (const auto& [name, value] : given) out.push_back(name + "=" + value);
  return out;
}

Result<int> start_session(SessionStart start) {
  const FileActions actions(start);
  const SessionAttributes attributes;
  std::vector<std::string> environment = environment_with(start.environment);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, start.arguments[0].c_str(), actions.get(), attributes.get(),
                                  c_strings(start.arguments).data(), c_strings(environment).data());
  if (error == 0) return pid;
  return fail(ErrorCode::unavailable,
              fmt::format("cannot start '{}': {}", start.arguments[0], std::strerror(error)));
}

std::string start_ticks(int pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  if (!stat) return "";
  // The second field is the name in parentheses and may hold anything.
  const std::size_t end_of_name = std::min(stat->rfind(')'), stat->size());
  const auto fields = split(std::string_view(*stat).substr(end_of_name), ' ');
  return fields.size() > 20 ? fields[20] : "";
}

}  // namespace leoflow
