#include "cli/local_database.hpp"

#include <CLI/CLI.hpp>

#include "cli/exit.hpp"
#include "lite/home.hpp"

namespace leoflow::cli {

void add_database_option(CLI::App& command, std::string& url) {
  command.add_option("--database-url", url, "sqlite:///PATH or postgresql://… (default: Lite's own file)")
      ->envname("LEOFLOW_DATABASE_URL");
}

std::unique_ptr<store::Database> open_database(const std::string& url) {
  if (!url.empty()) return value_or_exit(store::Database::open(url));
  return value_or_exit(
      store::Database::open("sqlite:///" + lite::Home::from_environment().database_file().string()));
}

}  // namespace leoflow::cli
