#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/completion.hpp"

namespace leoflow::cli {

void add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n  source <(leoflow completion bash)\n  leoflow completion zsh > ~/.zfunc/_leoflow\n"
      "  leoflow completion fish > ~/.config/fish/completions/leoflow.fish");
  command->callback([shell, root = &app] { fmt::print("{}", completion_script(*root, *shell)); });
}

}  // namespace leoflow::cli
