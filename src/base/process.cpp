#include "base/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.hpp"
#include "base/text.hpp"

extern char** environ;

namespace leoflow {
namespace {

/// Gives out whole lines of a stream that comes in pieces.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
  void add(std::string_view piece) {
    if (!on_line_) return;
    rest_ += piece;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      on_line_(std::string_view(rest_).substr(0, end));
      rest_.erase(0, end + 1);
    }
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string rest_;
};

}  // namespace

Result<ProgramResult> run_program(std::vector<std::string> arguments,
                                  const std::function<void(std::string_view)>& on_line) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0)
    throw Fatal(fmt::format("no pipe: {}", std::strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  const std::vector<char*> pointers = c_strings(arguments);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  if (error != 0) {
    ::close(pipe_ends[0]);
    return fail(ErrorCode::not_found, fmt::format("cannot run '{}': {}", arguments[0], std::strerror(error)));
  }
  ProgramResult result;
  Lines lines(on_line);
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const ssize_t count = ::read(pipe_ends[0], buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    result.output += piece;
    lines.add(piece);
  }
  ::close(pipe_ends[0]);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

Result<std::string> run_or_fail(std::vector<std::string> arguments,
                                const std::function<void(std::string_view)>& on_line) {
  // The first words tell which of its jobs it was; all of them may be long.
  constexpr std::size_t kNamed = 2;
  constexpr std::size_t kLastWords = 2000;  // bytes
  const std::string name = join(std::span(arguments).first(std::min(kNamed, arguments.size())), " ");
  auto ended = run_program(std::move(arguments), on_line);
  if (!ended) return std::unexpected(ended.error());
  if (ended->exit_code == 0) return std::move(ended->output);
  const std::string_view said = trim(ended->output);
  const std::string_view last = said.substr(said.size() - std::min(said.size(), kLastWords));
  return fail(ErrorCode::unavailable,
              fmt::format("`{}` failed with exit code {}{}", name, ended->exit_code,
                          on_line ? "; it said why above" : fmt::format(": {}", to_valid_utf8(last))));
}

Result<void> have_run(std::vector<std::string> arguments,
                      const std::function<void(std::string_view)>& on_line) {
  const auto said = run_or_fail(std::move(arguments), on_line);
  if (!said) return std::unexpected(said.error());
  return {};
}

std::string executable_path() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

void allow_open_files(std::uint64_t least) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= least) return;
  limit.rlim_cur = std::min<rlim_t>(least, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

}  // namespace leoflow
