#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/prctl.h>
#include <thread>

#include "agent/agent.hpp"
#include "base/log.hpp"

namespace {

constexpr const char* kTokenVariable = "LEOFLOW_AGENT_TOKEN";

int run(leoflow::agent::AgentOptions options) {
  // Tasks must not see it.
  if (const char* token = std::getenv(kTokenVariable)) options.token = token;
  ::unsetenv(kTokenVariable);
  if (options.token.empty()) {
    std::fprintf(stderr, "leoflow-agent: the environment variable %s is not set\n", kTokenVariable);
    return 2;
  }
  // Orphans become our children, so that an attempt survives its fork server.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#ifdef NDEBUG
  // Tasks run as the same user: they must not read our memory.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  std::signal(SIGPIPE, SIG_IGN);
  leoflow::agent::raise_descriptor_limit();
  boost::asio::io_context loop(1);
  const leoflow::agent::Agent agent(loop, std::move(options));
  loop.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  leoflow::agent::AgentOptions options;
  options.slots = std::max(1U, std::thread::hardware_concurrency()) * 4;
  options.parsers = std::max(2U, std::thread::hardware_concurrency());
  std::size_t grace_ms = 5000;

  CLI::App app("Runs the tasks of a project for the Leoflow control plane.", "leoflow-agent");
  app.footer(
      "The agent token is read from LEOFLOW_AGENT_TOKEN.\nExample:\n  leoflow-agent --server 127.0.0.1:9099 "
      "--python venv/bin/python --worker-path python --home /var/lib/leoflow");
  app.set_version_flag("--version", LEOFLOW_VERSION);
  app.add_option("--server", options.server, "The control plane: host:port or unix:/path")->required();
  app.add_option("--slots", options.slots, "Attempts at once")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--parsers", options.parsers, "DAG files parsed at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--python", options.python.python, "Interpreter of the project's environment")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--worker-path", options.python.worker_path, "Folder that holds leoflow_worker")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--home", options.python.home, "Folder for Airflow's own files")->required();
  app.add_option("--idle-children", options.python.idle_children, "Processes forked ahead for each DAG file")
      ->capture_default_str();
  app.add_option("--max-files", options.python.max_files, "DAG files kept imported")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--max-log-bytes", options.max_log_bytes, "Where the log of an attempt is cut off")
      ->capture_default_str();
  app.add_option("--stop-grace-ms", grace_ms, "Milliseconds between SIGTERM and SIGKILL")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  options.stop_grace = std::chrono::milliseconds(grace_ms);
  options.python.worker_path = std::filesystem::absolute(options.python.worker_path);
  options.python.home = std::filesystem::absolute(options.python.home) / "airflow";
  // Not resolved: a virtual environment's python is a link.
  options.python.python = std::filesystem::absolute(options.python.python);
  try {
    return run(std::move(options));
  } catch (const std::exception& error) {
    leoflow::log::error("{}", error.what());
    return 1;
  }
}
