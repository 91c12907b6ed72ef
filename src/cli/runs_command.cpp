#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <thread>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/log_text.hpp"
#include "cli/output.hpp"
#include "cli/remote.hpp"

namespace leoflow::cli {
namespace {

struct RunsOptions {
  std::string server_url;
  std::string dag_id = "~";
  std::string run_id;
  std::string task_id;
  std::string state;
  int limit = 20;
  int try_number = 0;
  int map_index = -1;
  bool follow = false;
  Output output;
};

void list(const RunsOptions& options) {
  Remote remote(options.server_url);
  std::string target =
      fmt::format("{}/dagRuns?order_by=-run_after&limit={}",
                  options.dag_id == "~" ? "/api/v2/dags/~" : dag_path(options.dag_id), options.limit);
  if (!options.state.empty()) target += "&state=" + url_encode(options.state);
  const json::value page = remote.get(target);
  Listing listing = {"dag_id", "run_id", "state", "run_type", "start_date", "end_date"};
  for (const json::value& run : page.at("dag_runs").as_array()) {
    json::object row = run.as_object();
    row["run_id"] = run.at("dag_run_id");
    listing.add(std::move(row));
  }
  listing.print(options.output);
}

void status(const RunsOptions& options) {
  Remote remote(options.server_url);
  const std::string run_id = choose_run(remote, options.dag_id, options.run_id);
  const json::value run = remote.get(run_path(options.dag_id, run_id));
  if (options.output.format == "table") {
    fmt::print("run    {}\nstate  {}\n\n", run_id, get_text(run, "state"));
  }
  Listing listing = {"task_id", "map_index", "state", "try_number", "start_date", "duration"};
  remote.each(run_path(options.dag_id, run_id) + "/taskInstances", "task_instances",
              [&](const json::value& task) { listing.add(task.as_object()); });
  listing.print(options.output);
}

void logs(const RunsOptions& options) {
  Remote remote(options.server_url);
  const std::string task_path = fmt::format(
      "{}/taskInstances/{}", run_path(options.dag_id, choose_run(remote, options.dag_id, options.run_id)),
      url_encode(options.task_id));
  const std::string query = fmt::format("full_content=true&map_index={}", options.map_index);
  int try_number = options.try_number;
  if (try_number == 0) {
    const std::string place =
        options.map_index < 0 ? task_path : fmt::format("{}/{}", task_path, options.map_index);
    // A task that waits for its first try has none yet; its log will be the first.
    try_number = static_cast<int>(std::max<std::int64_t>(1, get_integer(remote.get(place), "try_number", 1)));
  }
  std::string token;
  while (true) {
    const json::value part = remote.get(fmt::format("{}/logs/{}?{}{}", task_path, try_number, query,
                                                    token.empty() ? "" : "&token=" + url_encode(token)));
    for (const json::value& record : part.at("content").as_array()) {
      if (const auto line = log_line(record)) fmt::print("{}\n", *line);
    }
    std::fflush(stdout);
    token = get_text(part, "continuation_token");  // none once the attempt has ended
    if (!options.follow || token.empty()) return;
    std::this_thread::sleep_for(kLookEvery);
  }
}

CLI::App* add(CLI::App& runs, const char* name, const char* what, const char* examples,
              const std::shared_ptr<RunsOptions>& options, void (*action)(const RunsOptions&)) {
  CLI::App* command = runs.add_subcommand(name, what);
  command->footer(examples);
  command->callback([options, action] { action(*options); });
  add_server_option(*command, options->server_url);
  return command;
}

}  // namespace

void add_runs(CLI::App& app) {
  auto options = std::make_shared<RunsOptions>();
  CLI::App* runs = app.add_subcommand("runs", "Runs of DAGs on a running server, and their logs");
  runs->require_subcommand(1);
  runs->footer("Examples:\n  leoflow runs list hello\n  leoflow runs logs hello latest greet -f");

  CLI::App* listing =
      add(*runs, "list", "Runs, newest first",
          "Examples:\n  leoflow runs list\n  leoflow runs list hello --state failed -o json", options, list);
  listing->add_option("dag_id", options->dag_id, "Only runs of this DAG (default: all)");
  listing->add_option("--state", options->state, "Only runs in this state")
      ->check(CLI::IsMember({"queued", "running", "success", "failed"}));
  listing->add_option("--limit", options->limit, "At most this many")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  add_output_option(*listing, options->output);

  CLI::App* looking = add(*runs, "status", "A run's state and that of its tasks",
                          "Example:\n  leoflow runs status hello", options, status);
  looking->add_option("dag_id", options->dag_id, "The DAG")->required();
  looking->add_option("run_id", options->run_id, "The run (default: the newest)");
  add_output_option(*looking, options->output);

  CLI::App* reading = add(*runs, "logs", "The log of one task",
                          "Examples:\n  leoflow runs logs hello latest greet\n"
                          "  leoflow runs logs hello latest greet --try 2 -f",
                          options, logs);
  reading->add_option("dag_id", options->dag_id, "The DAG")->required();
  reading->add_option("run_id", options->run_id, "The run, or \"latest\"")->required();
  reading->add_option("task_id", options->task_id, "The task")->required();
  reading->add_option("--try", options->try_number, "Which attempt (default: the newest)")
      ->check(CLI::Range(1, 10000));
  reading->add_option("--map-index", options->map_index, "Which instance of a mapped task");
  reading->add_flag("-f,--follow", options->follow, "Go on until the attempt has ended");
}

}  // namespace leoflow::cli
