#include "cli/run.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"

namespace leoflow::cli {
namespace {

/// Has the variables of commands read by the command that is typed alone: a wrong value of another's is not
/// its matter.
void read_own_variables_only(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    // A command that has something to do once it is parsed reads its variables then, else with the whole
    // line.
    command->parse_complete_callback([] {});
    read_own_variables_only(*command);
  }
}

}  // namespace

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
    case ErrorCode::unprocessable:
      return 2;
    case ErrorCode::not_found:
      return 3;
    case ErrorCode::conflict:
      return 4;
    case ErrorCode::unauthenticated:
    case ErrorCode::forbidden:
      return 5;
    case ErrorCode::unavailable:
      return 6;
    case ErrorCode::unsupported:
      return 7;
  }
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app("Runs Apache Airflow DAGs behind Airflow's own UI, without Airflow's control plane.",
               "leoflow");
  app.require_subcommand(1);
  app.footer("Start here:\n  leoflow setup\n  leoflow lite dags/hello");
  add_setup(app);
  add_lite(app);
  add_project(app);
  add_image(app);
  add_server(app);
  add_demo(app);
  add_push(app);
  add_dags(app);
  add_runs(app);
  add_explain(app);
  add_users(app);
  add_tokens(app);
  add_db(app);
  add_completion(app);
  add_version(app);
  read_own_variables_only(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    // Help was asked for, or the command makes no sense.
    return app.exit(error) == 0 ? 0 : exit_code_of(ErrorCode::invalid);
  } catch (const Exit& exit) {
    if (!exit.message.empty()) std::fprintf(stderr, "leoflow: %s\n", exit.message.c_str());
    return exit.code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "leoflow: %s\n", error.what());
    return 6;
  }
}

}  // namespace leoflow::cli
