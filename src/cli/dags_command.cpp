#include <CLI/CLI.hpp>
#include <chrono>
#include <fmt/format.h>
#include <thread>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/output.hpp"
#include "cli/remote.hpp"
#include "cli/try_dag.hpp"

namespace leoflow::cli {
namespace {

struct DagsOptions {
  std::string server_url;
  std::string dag_id;
  std::string conf;
  std::string conf_file;
  std::string run_id;
  std::string logical_date;
  bool wait = false;
  bool yes = false;
  Output output;
};

void list(const DagsOptions& options) {
  Remote remote(options.server_url);
  Listing listing = {"dag_id", "paused", "schedule", "next_run", "fileloc"};
  remote.each("/api/v2/dags", "dags", [&](const json::value& dag) {
    listing.add({{"dag_id", dag.at("dag_id")},
                 {"paused", dag.at("is_paused")},
                 {"schedule", dag.at("timetable_summary")},
                 {"next_run", dag.at("next_dagrun_run_after")},
                 {"fileloc", dag.at("relative_fileloc")}});
  });
  listing.print(options.output);
}

json::value conf_of(const DagsOptions& options) {
  std::string text = options.conf;
  if (!options.conf_file.empty()) {
    const auto read = read_file(options.conf_file);
    if (!read) throw Exit{3, fmt::format("'{}' cannot be read", options.conf_file)};
    text = *read;
  }
  if (text.empty()) return json::object{};
  auto conf = parse_json(text);
  if (!conf) throw Exit{2, fmt::format("the conf is not JSON: {}", conf.error().message)};
  if (!conf->is_object()) throw Exit{2, "the conf is not a JSON object, such as {\"name\": \"value\"}"};
  return *conf;
}

/// Waits until the run has ended. @returns its state.
std::string await_end(Remote& remote, const std::string& dag_id, const std::string& run_id) {
  while (true) {
    const std::string state = get_text(remote.get(run_path(dag_id, run_id)), "state");
    if (state == "success" || state == "failed") return state;
    std::this_thread::sleep_for(kLookEvery);
  }
}

void trigger(const DagsOptions& options) {
  const json::value conf = conf_of(options);
  Remote remote(options.server_url);
  json::object body = {{"conf", conf}, {"logical_date", nullptr}};
  if (!options.logical_date.empty()) body["logical_date"] = options.logical_date;
  if (!options.run_id.empty()) body["dag_run_id"] = options.run_id;
  const StartedRun started = start_run(remote, options.dag_id, body);
  const std::string run_id = get_text(started.run, "dag_run_id");
  std::string state = get_text(started.run, "state");
  if (started.waits && options.wait)
    throw Exit{4, fmt::format("run '{}' was made, but it is not waited for", run_id)};
  if (options.wait) state = await_end(remote, options.dag_id, run_id);
  print_fields(options.output, {{"dag_id", options.dag_id}, {"run_id", run_id}, {"state", state}});
  if (state == "failed") throw Exit{1, ""};
}

void set_paused(const DagsOptions& options, bool is_paused) {
  Remote(options.server_url).patch(dag_path(options.dag_id), json::object{{"is_paused", is_paused}});
  fmt::print("'{}' is {}\n", options.dag_id, is_paused ? "paused" : "not paused any more");
}

void remove(const DagsOptions& options) {
  Remote remote(options.server_url);
  remote.get(dag_path(options.dag_id));  // a name that is wrong is told before the question
  if (!options.yes) {
    confirm(
        fmt::format("This deletes '{}' with all of its runs, logs of events and XComs at {}.\n"
                    "Its file stays, and brings the DAG back without its history.",
                    options.dag_id, remote.url()));
  }
  remote.remove(dag_path(options.dag_id));
  fmt::print("'{}' and its history are deleted\n", options.dag_id);
}

CLI::App* add(CLI::App& dags, const char* name, const char* what, const char* example,
              const std::shared_ptr<DagsOptions>& options, void (*action)(const DagsOptions&)) {
  CLI::App* command = dags.add_subcommand(name, what);
  command->footer(fmt::format("Example:\n  leoflow dags {} {}", name, example));
  command->callback([options, action] { action(*options); });
  return command;
}

CLI::App* add_for_one(CLI::App& dags, const char* name, const char* what, const char* example,
                      const std::shared_ptr<DagsOptions>& options, void (*action)(const DagsOptions&)) {
  CLI::App* command = add(dags, name, what, example, options, action);
  command->add_option("dag_id", options->dag_id, "The DAG")->required();
  add_server_option(*command, options->server_url);
  return command;
}

void add_conf_options(CLI::App& command, DagsOptions& options) {
  CLI::Option* conf = command.add_option("--conf", options.conf, "Parameters of the run, a JSON object");
  command.add_option("--conf-file", options.conf_file, "The same, from a file")
      ->check(CLI::ExistingFile)
      ->excludes(conf);
  command.add_option("--logical-date", options.logical_date, "ISO 8601 with an offset (default: none)");
}

void test(const DagsOptions& options) {
  test_dag({options.dag_id, json::serialize(conf_of(options)), options.logical_date});
}

}  // namespace

void add_dags(CLI::App& app) {
  auto options = std::make_shared<DagsOptions>();
  CLI::App* dags = app.add_subcommand("dags", "DAGs of a running server; and trying one without a server");
  dags->require_subcommand(1);
  dags->footer("Examples:\n  leoflow dags list\n  leoflow dags trigger hello --wait");

  CLI::App* listing = add(*dags, "list", "All DAGs", "-o json", options, list);
  add_server_option(*listing, options->server_url);
  add_output_option(*listing, options->output);

  CLI::App* starting = add_for_one(*dags, "trigger", "Start a run",
                                   "hello --conf '{\"name\": \"you\"}' --wait", options, trigger);
  add_conf_options(*starting, *options);
  starting->add_option("--run-id", options->run_id, "Name of the run (default: made from the time)");
  starting->add_flag("--wait", options->wait, "Wait for the end; exit code 1 if the run failed");
  add_output_option(*starting, options->output);

  add_for_one(*dags, "pause", "Start no more runs on schedule", "hello", options,
              [](const DagsOptions& o) { set_paused(o, true); });
  add_for_one(*dags, "unpause", "Start runs on schedule again", "hello", options,
              [](const DagsOptions& o) { set_paused(o, false); });
  add_for_one(*dags, "delete", "Delete a DAG with its history; its file stays", "hello --yes", options,
              remove)
      ->add_flag("--yes", options->yes, "Do not ask");

  CLI::App* trying = add(*dags, "test", "Run a DAG once in this terminal, without a server (dag.test())",
                         "dags/hello --conf '{\"name\": \"you\"}'", options, test);
  trying
      ->add_option("dag", options->dag_id,
                   "A DAG file, a project folder, or the id of a DAG in the workspace")
      ->required();
  add_conf_options(*trying, *options);
}

}  // namespace leoflow::cli
