#pragma once

#include <memory>
#include <string>

#include "store/database.hpp"

namespace CLI {
class App;
}

namespace leoflow::cli {

/// Adds `--database-url`.
void add_database_option(CLI::App& command, std::string& url);

/// Opens the database of this machine's install, or the one at `url`. Ends the command if it cannot be.
std::unique_ptr<store::Database> open_database(const std::string& url);

}  // namespace leoflow::cli
