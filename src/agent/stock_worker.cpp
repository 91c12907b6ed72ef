#include "agent/stock_worker.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.hpp"

namespace leoflow::agent {
namespace {

namespace fs = std::filesystem;

/// A nameless file that holds the text, read from its beginning.
Fd file_of(const std::string& text) {
  Fd file(::memfd_create("workload", MFD_CLOEXEC));
  std::string_view rest = text;
  while (file.get() >= 0 && !rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written <= 0) return {};
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (file.get() >= 0) ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// The session of a process, 0 if it is gone.
pid_t session_of(const fs::path& process) {
  const auto stat = read_file(process / "stat");
  if (!stat) return 0;
  // "pid (name) state parent group session ...", and the name may hold anything.
  const std::size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string> fields = split(std::string_view(*stat).substr(name_end + 1), ' ');
  pid_t session = 0;
  if (fields.size() > 4) std::from_chars(fields[4].data(), fields[4].data() + fields[4].size(), session);
  return session;
}

}  // namespace

Result<pid_t> start_stock_worker(const PythonOptions& options,
                                 const std::map<std::string, std::string>& environment,
                                 const std::string& workload) {
  const Fd input = file_of(workload);
  if (input.get() < 0)
    return fail(ErrorCode::unavailable, fmt::format("no file for the workload: {}", std::strerror(errno)));
  ProcessStart start;
  start.arguments = {options.python, "-m", "airflow.sdk.execution_time.execute_workload", "--json-path",
                     "/dev/stdin"};
  start.environment = airflow_environment(options, environment);
  start.standard_input = input.get();
  start.is_quiet = true;
  start.own_session = true;
  const pid_t pid = start_process(std::move(start));
  if (pid < 0) return fail(ErrorCode::unavailable, fmt::format("cannot fork: {}", std::strerror(errno)));
  return pid;
}

void kill_session(pid_t leader) {
  if (leader <= 0) return;  // the kernel's own processes are in session 0
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    if (session_of(entry.path()) == leader) ::kill(pid, SIGKILL);
  }
}

}  // namespace leoflow::agent
