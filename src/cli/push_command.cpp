#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/output.hpp"
#include "cli/remote.hpp"
#include "dag/artifact.hpp"

namespace leoflow::cli {
namespace {

struct PushOptions {
  std::string server_url;
  std::string file = "dag.json";
  std::string project;
  std::string dag_version;
  Output output;
};

std::string project_path(const std::string& project) {
  return "/api/v2/projects/" + url_encode(project);
}

void push(const PushOptions& options) {
  const auto text = read_file(options.file);
  if (!text) throw Exit{3, fmt::format("'{}' cannot be read; `leoflow compile` writes it", options.file)};
  // Here, so that a file that is none is refused without a server.
  const dag::Artifact artifact = value_or_exit(dag::Artifact::read(*text));
  Remote remote(options.server_url);
  const json::value version = remote.post("/api/v2/projects", *text);
  if (options.output.format != "table") return print_fields(options.output, version.as_object());
  const std::string label = get_text(version, "dag_version");
  fmt::print("{} {} is current: {} DAG(s), {}\n", artifact.project, label, artifact.dags.size(),
             get_text(version, "content_hash"));
  if (label != artifact.dag_version)
    fmt::print("It has the content of '{}' and was registered as '{}' before.\n", artifact.dag_version,
               label);
}

void list(const PushOptions& options) {
  Remote remote(options.server_url);
  Listing listing = {"project", "dag_version", "chosen_at", "chosen_by"};
  remote.each("/api/v2/projects", "projects", [&](const json::value& row) { listing.add(row.as_object()); });
  listing.print(options.output);
}

void versions(const PushOptions& options) {
  Remote remote(options.server_url);
  Listing listing = {"dag_version", "is_current", "image", "content_hash", "created_at", "created_by"};
  remote.each(project_path(options.project) + "/versions", "versions",
              [&](const json::value& row) { listing.add(row.as_object()); });
  listing.print(options.output);
}

void use(const PushOptions& options) {
  Remote remote(options.server_url);
  const json::value version =
      remote.patch(project_path(options.project), json::object{{"dag_version", options.dag_version}});
  if (options.output.format != "table") return print_fields(options.output, version.as_object());
  fmt::print("{} {} is current\n", options.project, options.dag_version);
}

CLI::App* add(CLI::App& parent, const char* name, const char* what, const char* examples,
              const std::shared_ptr<PushOptions>& options, void (*action)(const PushOptions&)) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->footer(examples);
  command->callback([options, action] { action(*options); });
  add_server_option(*command, options->server_url);
  add_output_option(*command, options->output);
  return command;
}

}  // namespace

void add_push(CLI::App& app) {
  auto options = std::make_shared<PushOptions>();
  CLI::App* pushing =
      add(app, "push", "Register what `leoflow compile` wrote at a server, as its current version",
          "The same content again is no new version; another content needs another label.\n"
          "Example:\n  leoflow compile dags/hello && leoflow push dag.json",
          options, push);
  pushing->add_option("file", options->file, "The artifact")->capture_default_str();

  CLI::App* projects = app.add_subcommand("projects", "Projects that were pushed, and their versions");
  projects->require_subcommand(1);
  projects->footer("Examples:\n  leoflow projects versions hello\n  leoflow projects use hello v1");
  add(*projects, "list", "All projects, with the version that is current",
      "Example:\n  leoflow projects list", options, list);
  CLI::App* listing = add(*projects, "versions", "The versions of a project, the newest first",
                          "Example:\n  leoflow projects versions hello", options, versions);
  listing->add_option("project", options->project, "The project")->required();
  CLI::App* using_one =
      add(*projects, "use", "Make an old version current again",
          "Runs that have begun stay with theirs.\nExample:\n  leoflow projects use hello v1", options, use);
  using_one->add_option("project", options->project, "The project")->required();
  using_one->add_option("dag_version", options->dag_version, "Label of the version")->required();
}

}  // namespace leoflow::cli
