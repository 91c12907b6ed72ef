#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "lite/setup.hpp"

namespace leoflow::cli {
namespace {

void say(std::string_view line) {
  fmt::print(stderr, "{}\n", line);
}

struct SetupOptions {
  lite::SetupOptions setup;
  bool dry_run = false;
  bool non_interactive = false;
};

void run_setup(const SetupOptions& given) {
  SetupOptions options = given;
  if (const char* password = std::getenv("LEOFLOW_ADMIN_PASSWORD");
      password != nullptr && *password != '\0') {
    options.setup.admin_password = password;
  }
  const lite::Home home = lite::Home::from_environment();
  if (options.dry_run) {
    const auto steps = value_or_exit(lite::plan_setup(home, options.setup));
    for (const std::string& step : steps) fmt::print("would {}\n", step);
    if (steps.empty()) fmt::print("everything is set up already\n");
    return;
  }
  const auto result = value_or_exit(lite::set_up(home, options.setup, say));
  fmt::print("{}\n", result.changed ? "Leoflow is set up." : "Everything was set up already.");
  fmt::print("  home       {}\n  Python     {}\n  workspace  {}\n  login      {}\n", home.root().string(),
             result.python.python, result.config.workspace, result.config.admin_email);
  if (result.new_password) {
    fmt::print(
        "  password   {}\n\nWrite it down: it is not shown again (`leoflow lite reset-password` makes a new "
        "one).\n",
        *result.new_password);
  }
  fmt::print("\nNext: leoflow lite\n");
}

}  // namespace

void add_setup(CLI::App& app) {
  auto options = std::make_shared<SetupOptions>();
  CLI::App* command = app.add_subcommand("setup", "Prepare this machine: Python environment, keys, admin");
  command->add_option("--python", options->setup.python,
                      "Use this interpreter's environment instead of making one");
  command
      ->add_option("--wheelhouse", options->setup.wheelhouse, "Install from this folder of wheels, offline")
      ->check(CLI::ExistingDirectory);
  command->add_option("--workspace", options->setup.workspace, "Folder of DAG projects (default ~/leoflow)");
  command->add_flag("--dry-run", options->dry_run, "Say what would be done, change nothing");
  command->add_flag("--non-interactive", options->non_interactive, "Never ask; setup asks nothing today");
  command->footer(
      "The admin's password is taken from LEOFLOW_ADMIN_PASSWORD if that is set, else made up and shown "
      "once.\n"
      "LEOFLOW_HOME moves everything that otherwise lives in ~/.leoflow. Running it again changes "
      "nothing.\n\n"
      "Examples:\n  leoflow setup\n  leoflow setup --wheelhouse ./wheels\n"
      "  LEOFLOW_ADMIN_PASSWORD=secret leoflow setup --non-interactive");
  command->callback([options] { run_setup(*options); });
}

}  // namespace leoflow::cli
