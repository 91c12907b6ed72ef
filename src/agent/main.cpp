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
#include "base/text.hpp"

namespace {

constexpr const char* kTokenVariable = "LEOFLOW_AGENT_TOKEN";

/// @param file  "" if none is given @returns false, after saying so, if it cannot be read.
bool can_read(const char* option, const std::string& file) {
  if (file.empty()) return true;
  const auto content = leoflow::read_file(file);
  if (content && !content->empty()) return true;
  std::fprintf(stderr, "leoflow-agent: '%s' (%s) cannot be read\n", file.c_str(), option);
  return false;
}

/// @returns false, after saying so, if something is missing.
bool take_credentials(const std::string& token_file, leoflow::agent::AgentOptions& options) {
  const char* variable = std::getenv(kTokenVariable);
  if (!token_file.empty()) {
    // It is renewed in place.
    options.token = [file = token_file] {
      return std::string(leoflow::trim(leoflow::read_file(file).value_or("")));
    };
  } else if (variable != nullptr && *variable != '\0') {
    options.token = [token = std::string(variable)] { return token; };
  } else {
    std::fprintf(stderr, "leoflow-agent: neither --token-file nor the environment variable %s is set\n",
                 kTokenVariable);
    return false;
  }
  // Tasks must not see it.
  ::unsetenv(kTokenVariable);
  const auto& tls = options.tls;
  return can_read("--ca-file", tls.ca) && can_read("--cert-file", tls.certificate) &&
         can_read("--key-file", tls.key);
}

/// Plugins of the project are beside its files, unless the image says otherwise.
void find_plugins(const std::string& dags_folder) {
  if (dags_folder.empty()) return;
  const auto plugins = std::filesystem::absolute(dags_folder) / "plugins";
  if (std::filesystem::is_directory(plugins)) ::setenv("AIRFLOW__CORE__PLUGINS_FOLDER", plugins.c_str(), 0);
}

int run(leoflow::agent::AgentOptions options) {
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
  double overtime = 20;
  std::uint32_t stay = 0;
  std::uint32_t refusal_limit = 300;
  std::string token_file;

  CLI::App app("Runs the tasks of a project for the Leoflow control plane.", "leoflow-agent");
  app.footer(
      "The agent token is read from --token-file, or else LEOFLOW_AGENT_TOKEN.\nExample:\n  leoflow-agent "
      "--server 127.0.0.1:9099 "
      "--python venv/bin/python --worker-path python --home /var/lib/leoflow");
  app.set_version_flag("--version", LEOFLOW_VERSION);
  app.add_option("--server", options.server,
                 "The control plane: host:port or unix:/path; several with commas")
      ->envname("LEOFLOW_CONTROL_PLANE_ADDR")
      ->required();
  auto* ca =
      app.add_option("--ca-file", options.tls.ca, "Whose certificate the control plane shows; none: no TLS")
          ->envname("LEOFLOW_AGENT_TLS_CA");
  auto* certificate = app.add_option("--cert-file", options.tls.certificate,
                                     "The agent's own certificate, if the control plane wants one")
                          ->envname("LEOFLOW_AGENT_TLS_CERT")
                          ->needs(ca);
  auto* key = app.add_option("--key-file", options.tls.key, "Its key")
                  ->envname("LEOFLOW_AGENT_TLS_KEY")
                  ->needs(certificate);
  certificate->needs(key);
  app.add_option("--token-file", token_file, "The agent token; read again for each connection")
      ->envname("LEOFLOW_AGENT_TOKEN_FILE");
  app.add_option("--dags", options.dags_folder,
                 "Where the project's files are, if not where the control plane says");
  app.add_flag("--once", options.once, "Run one attempt, then exit");
  app.add_option("--stay", stay, "With --once: seconds to wait for another attempt afterwards; 0: none")
      ->envname("LEOFLOW_AGENT_STAY")
      ->check(CLI::Range(0, 86400))
      ->capture_default_str();
  app.add_option("--most-attempts", options.most_attempts, "With --stay: attempts in all")
      ->envname("LEOFLOW_AGENT_MOST_ATTEMPTS")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
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
  app.add_option("--overtime", overtime, "Seconds for callbacks and listeners of a task after its end")
      ->envname("AIRFLOW__CORE__TASK_SUCCESS_OVERTIME")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  app.add_option("--refusal-limit", refusal_limit,
                 "Seconds without a control plane that knows the token after which tasks are stopped")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  options.stay = std::chrono::seconds(stay);
  options.stop_grace = std::chrono::milliseconds(grace_ms);
  options.overtime = std::chrono::milliseconds(static_cast<std::int64_t>(overtime * 1000));
  options.refusal_limit = std::chrono::seconds(refusal_limit);
  options.python.worker_path = std::filesystem::absolute(options.python.worker_path);
  options.python.home = std::filesystem::absolute(options.python.home) / "airflow";
  // Not resolved: a virtual environment's python is a link.
  options.python.python = std::filesystem::absolute(options.python.python);
  if (!take_credentials(token_file, options)) return 2;
  if (options.once) options.slots = 1;
  find_plugins(options.dags_folder);
  try {
    return run(std::move(options));
  } catch (const std::exception& error) {
    leoflow::log::error("{}", error.what());
    return 1;
  }
}
