#include <CLI/CLI.hpp>

#include "base/json.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "lite/python_environment.hpp"

namespace leoflow::cli {

void add_version(CLI::App& app) {
  auto output = std::make_shared<Output>();
  CLI::App* command =
      app.add_subcommand("version", "Versions of Leoflow and of the Airflow packages it runs");
  add_output_option(*command, *output);
  command->footer("Examples:\n  leoflow version\n  leoflow version -o json");
  command->callback([output] {
    json::object fields = {{"leoflow", LEOFLOW_VERSION}};
    for (const std::string& pin : lite::pinned_packages()) {
      const auto at = pin.find("==");
      fields[pin.substr(0, at)] = pin.substr(at + 2);
    }
    print_fields(*output, fields);
  });
}

}  // namespace leoflow::cli
