#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/remote.hpp"

namespace leoflow::cli {
namespace {

struct ExplainOptions {
  std::string server_url;
  std::string dag_id;
  std::string run_id;
  std::string task_id;
  int map_index = -1;
  Output output;
};

void explain(const ExplainOptions& options) {
  Remote remote(options.server_url);
  const std::string run_id = choose_run(remote, options.dag_id, options.run_id);
  const std::string task_path =
      fmt::format("{}/taskInstances/{}{}", run_path(options.dag_id, run_id), url_encode(options.task_id),
                  options.map_index < 0 ? "" : fmt::format("/{}", options.map_index));
  const std::string state = get_text(remote.get(task_path), "state");
  const json::value answer = remote.get(task_path + "/dependencies");
  const json::array& blockers = answer.at("dependencies").as_array();
  if (options.output.format == "table") {
    fmt::print("run    {}\ntask   {}\nstate  {}\n\n", run_id, options.task_id,
               state.empty() ? "none" : state);
    if (blockers.empty()) {
      fmt::print("Nothing holds it back.\n");
      return;
    }
  }
  Listing listing = {"name", "reason"};
  for (const json::value& blocker : blockers) listing.add(blocker.as_object());
  listing.print(options.output);
}

}  // namespace

void add_explain(CLI::App& app) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand("explain", "Why a task instance is not running now");
  command->footer(
      "Examples:\n  leoflow explain hello latest greet\n"
      "  leoflow explain hello manual__2026-01-01T00:00:00+00:00 greet --map-index 3 -o json");
  command->add_option("dag_id", options->dag_id, "The DAG")->required();
  command->add_option("run_id", options->run_id, "The run, or \"latest\"")->required();
  command->add_option("task_id", options->task_id, "The task")->required();
  command->add_option("--map-index", options->map_index, "Which instance of a mapped task")
      ->check(CLI::NonNegativeNumber);
  add_server_option(*command, options->server_url);
  add_output_option(*command, options->output);
  command->callback([options] { explain(*options); });
}

}  // namespace leoflow::cli
