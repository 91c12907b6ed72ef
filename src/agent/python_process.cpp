#include "agent/python_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "agent/warm_heap.hpp"
#include "base/process.hpp"
#include "base/spawn.hpp"

namespace leoflow::agent {
namespace {

/// Runs our module without leaving a trace of it in the path that DAG files see.
constexpr const char* kBootstrap =
    "import sys; sys.path[0] = sys.argv[1]; from leoflow_worker.__main__ import main; main()";

/// Before raise_descriptor_limit; zero if that was not called.
rlimit original_descriptor_limit{};

/// In the new process: only async-signal-safe calls, other threads had locks.
[[noreturn]] void become(const ProcessStart& start, char* const* arguments, char* const* environment) {
  if (start.own_session) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  } else {
    ::setpgid(0, 0);
  }
  if (original_descriptor_limit.rlim_cur > 0) ::setrlimit(RLIMIT_NOFILE, &original_descriptor_limit);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_DFL);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(start.standard_input < 0 ? null : start.standard_input, STDIN_FILENO);
  ::dup2(start.is_quiet ? null : STDERR_FILENO, STDOUT_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int descriptor : start.kept) ::fcntl(descriptor, F_SETFD, 0);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  original_descriptor_limit = limit;
  allow_open_files(limit.rlim_max);
}

std::vector<std::string> airflow_environment(const PythonOptions& options,
                                             const std::map<std::string, std::string>& more) {
  std::map<std::string, std::string> ours = more;
  ours.insert({
      {"AIRFLOW_HOME", options.home},
      {"AIRFLOW__CORE__LOAD_EXAMPLES", "False"},
      {"AIRFLOW__CORE__DAGS_FOLDER", options.home + "/dags"},
      {"AIRFLOW__LOGGING__BASE_LOG_FOLDER", options.home + "/logs"},
      {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", "[]"},
      {"AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False"},
  });
  std::vector<std::string> all = environment_with(ours);
  std::erase_if(all, [](const std::string& entry) { return entry.starts_with("LEOFLOW_AGENT_"); });
  return all;
}

pid_t start_process(ProcessStart start) {
  // Made here: the new process may not allocate.
  const std::vector<char*> arguments = c_strings(start.arguments);
  const std::vector<char*> environment = c_strings(start.environment);
  const pid_t pid = ::fork();
  if (pid == 0) become(start, arguments.data(), environment.data());
  return pid;
}

PythonProcess start_python(const PythonOptions& options) {
  std::error_code ignored;
  std::filesystem::create_directories(options.home, ignored);
  SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
  const Fd heap = warm_heap_library();
  ProcessStart start;
  start.arguments = {options.python,
                     "-c",
                     kBootstrap,
                     options.worker_path,
                     std::to_string(pair.theirs.get()),
                     std::to_string(heap.get())};
  start.environment = airflow_environment(options);
  start.kept = {pair.theirs.get(), heap.get()};
  const pid_t pid = start_process(std::move(start));
  if (pid < 0) throw Fatal(fmt::format("cannot fork: {}", std::strerror(errno)));
  return {pid, std::move(pair.ours)};
}

}  // namespace leoflow::agent
