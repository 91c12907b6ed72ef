#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/compiled.hpp"
#include "cli/exit.hpp"
#include "lite/starter.hpp"

namespace leoflow::cli {
namespace {

struct ProjectOptions {
  std::string path = ".";
  std::string output = "dag.json";
  std::string dag_version;
  std::string image;
};

void init(const ProjectOptions& options) {
  const auto folder = std::filesystem::absolute(options.path).lexically_normal();
  if (!lite::write_project(folder.has_filename() ? folder : folder.parent_path())) {
    throw Exit{4, fmt::format("'{}' has a dag.py already", options.path)};
  }
  fmt::print("made a project in {0}\n\nNext: leoflow validate {0}\n      leoflow lite {0}\n", options.path);
}

void validate(const ProjectOptions& options) {
  const Checked checked = check_files(options.path);
  for (const lite::LocalParse& file : checked.files) {
    if (!file.problems.empty()) continue;
    std::vector<std::string> ids;
    for (const json::value& dag : file.dags) ids.push_back(dag_id_of(dag));
    fmt::print("{}: {}\n", file.file, join(ids, ", "));
  }
  tell(checked.problems);
}

void compile(const ProjectOptions& options) {
  Checked checked = check_files(options.path);
  tell(checked.problems);
  const auto root = root_of(options.path);
  const auto image = options.image.empty() ? std::nullopt : std::optional(options.image);
  const dag::Artifact artifact = freeze(std::move(checked), root, label_of(options.dag_version, root), image);
  const std::string text = artifact.text();
  value_or_exit(dag::Artifact::read(text));
  write_file_atomically(options.output, text);
  fmt::print("{}: {} DAG(s), version {}, {}\n", options.output, artifact.dags.size(), artifact.dag_version,
             artifact.content_hash());
}

}  // namespace

void add_project(CLI::App& app) {
  auto options = std::make_shared<ProjectOptions>();
  CLI::App* making = app.add_subcommand("init", "Make a project: dag.py and a commented leoflow.yaml");
  making->add_option("path", options->path, "Folder of the project")->required();
  making->footer("Example:\n  leoflow init dags/sales");
  making->callback([options] { init(*options); });

  CLI::App* checking =
      app.add_subcommand("validate", "Check a project without a server: leoflow.yaml and every DAG file");
  checking->add_option("path", options->path, "A DAG file, a project, or a folder of projects")
      ->capture_default_str();
  checking->footer(
      "Exit code 2 if something is wrong; all of it is told.\nExample:\n  leoflow validate dags/hello");
  checking->callback([options] { validate(*options); });

  CLI::App* compiling = app.add_subcommand("compile", "Check, and write the DAGs as one JSON file");
  compiling->add_option("path", options->path, "A DAG file, a project, or a folder of projects")
      ->capture_default_str();
  compiling->add_option("-o,--output", options->output, "The file to write")->capture_default_str();
  compiling->add_option("--dag-version", options->dag_version,
                        "Label of this version [what `git describe` says, else dev]");
  compiling->add_option("--image", options->image, "The image that holds the project's files");
  compiling->footer(
      "The same files give the same bytes, wherever they are.\nExample:\n"
      "  leoflow compile dags/hello -o dag.json --dag-version v1.2");
  compiling->callback([options] { compile(*options); });
}

}  // namespace leoflow::cli
