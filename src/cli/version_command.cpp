#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json.hpp"
#include "cli/commands.hpp"
#include "lite/python_environment.hpp"

namespace leoflow::cli {

void add_version(CLI::App& app) {
  auto format = std::make_shared<std::string>("table");
  CLI::App* command =
      app.add_subcommand("version", "Versions of Leoflow and of the Airflow packages it runs");
  command->add_option("-o,--output", *format, "table, json or yaml")
      ->check(CLI::IsMember({"table", "json", "yaml"}));
  command->footer("Examples:\n  leoflow version\n  leoflow version -o json");
  command->callback([format] {
    json::object fields = {{"leoflow", LEOFLOW_VERSION}};
    for (const std::string& pin : lite::pinned_packages()) {
      const auto at = pin.find("==");
      fields[pin.substr(0, at)] = pin.substr(at + 2);
    }
    if (*format == "json") {
      fmt::print("{}\n", json::serialize(fields));
      return;
    }
    for (const auto& [name, value] : fields) {
      const std::string_view key(name.data(), name.size());
      const std::string text(value.get_string());
      if (*format == "yaml") {
        fmt::print("{}: {}\n", key, text);
      } else {
        fmt::print("{:<36} {}\n", key, text);
      }
    }
  });
}

}  // namespace leoflow::cli
