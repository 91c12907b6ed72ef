#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>

#include "auth/resealing.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/local_database.hpp"
#include "cli/secret_keys.hpp"
#include "store/migrator.hpp"

namespace leoflow::cli {
namespace {

struct DbOptions {
  std::string url;
  bool yes = false;
};

void migrate(const DbOptions& options) {
  const auto database = open_database(options.url);
  const auto applied = value_or_exit(store::Migrator(*database).migrate());
  if (applied.empty()) {
    fmt::print("{} is up to date\n", database->description());
  } else {
    fmt::print("{} is now at version {}\n", database->description(), applied.back());
  }
}

void reset(const DbOptions& options) {
  const auto database = open_database(options.url);
  if (!options.yes) {
    fmt::print("This deletes every DAG run, log entry, variable and connection in {}.\nType yes to go on: ",
               database->description());
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "yes") throw Exit{1, "nothing was changed; --yes skips the question"};
  }
  value_or_exit(store::Migrator(*database).reset());
  fmt::print("{} is empty and up to date\n", database->description());
}

void current(const DbOptions& options) {
  const auto database = open_database(options.url);
  fmt::print("{}\n", store::Migrator(*database).status().version);
}

void check(const DbOptions& options) {
  const auto database = open_database(options.url);
  const store::SchemaStatus status = store::Migrator(*database).status();
  if (status.condition != store::SchemaCondition::current) throw Exit{4, store::explain(status)};
  fmt::print("{} is up to date (version {})\n", database->description(), status.version);
}

void rotate_secret_key(const DbOptions& options) {
  std::vector<std::string> keys = secret_keys();
  if (keys.size() < 2)
    throw Exit{2, "LEOFLOW_SECRET_KEY_OLD is not set: the key that has sealed secrets until now"};
  const auto database = open_database(options.url);
  const auth::Sealer sealer(keys.front(), {keys.begin() + 1, keys.end()});
  const auth::Resealed done = auth::reseal(*database->connect(), sealer);
  fmt::print("{} secrets are sealed with the new key now, {} were before\n", done.renewed, done.current);
  if (!done.unreadable.empty())
    throw Exit{1, fmt::format("none of the keys opens {}: name their key in LEOFLOW_SECRET_KEY_OLD, too, or "
                              "set them anew",
                              join(done.unreadable, ", "))};
}

}  // namespace

void add_db(CLI::App& app) {
  auto options = std::make_shared<DbOptions>();
  CLI::App* db = app.add_subcommand("db", "The database of Lite: create, upgrade, look at, empty");
  db->require_subcommand(1);
  db->footer(
      "Examples:\n  leoflow db migrate\n  leoflow db check --database-url postgresql://me@/leoflow_dev\n"
      "  leoflow db reset --yes");
  const auto add = [&](const char* name, const char* what, void (*action)(const DbOptions&)) {
    CLI::App* command = db->add_subcommand(name, what);
    add_database_option(*command, options->url);
    command->callback([options, action] { action(*options); });
    command->footer(fmt::format("Example:\n  leoflow db {}", name));
    return command;
  };
  add("migrate", "Create the database or bring it to this binary's version", migrate);
  add("current", "Print the version of the database", current);
  add("check", "Fail if the database is not at this binary's version", check);
  add("rotate-secret-key", "Seal variables and connections with another key", rotate_secret_key)
      ->footer(
          "1. Several servers: give all of them the new key as LEOFLOW_SECRET_KEY_OLD first, beside the old "
          "one.\n"
          "2. Give every server the new key as LEOFLOW_SECRET_KEY and the old one as "
          "LEOFLOW_SECRET_KEY_OLD.\n"
          "3. Run this with the same two. It may be run again, and servers may run.\n"
          "4. Take LEOFLOW_SECRET_KEY_OLD away.\n"
          "Example:\n  leoflow db rotate-secret-key --database-url postgresql://leoflow@db/leoflow");
  add("reset", "Delete everything in the database", reset)->add_flag("--yes", options->yes, "Do not ask");
}

}  // namespace leoflow::cli
