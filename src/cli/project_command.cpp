#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/local_python.hpp"
#include "dag/artifact.hpp"
#include "lite/config.hpp"
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

/// Problems of a leoflow.yaml stand alone when they keep its DAG file from being told apart.
void check_project_file(const std::string& folder, std::vector<std::string>& problems) {
  const auto project = lite::read_project(folder);
  if (!project) return;
  const std::string source = fmt::format("{}/{}", folder, project->file.dag_file());
  if (!std::filesystem::exists(source)) problems.push_back(fmt::format("{}: it does not exist", source));
}

struct Checked {
  std::string python_version;
  std::vector<lite::LocalParse> files;
  std::vector<std::string> problems;
};

Checked check(const std::string& path) {
  Checked out;
  const auto files = value_or_exit(lite::find_dag_files(path));
  const lite::LocalPython python = local_python();
  out.python_version = python.minor_version;
  std::string last_bundle;
  for (const lite::LocalFile& file : files) {
    if (file.bundle_path != last_bundle) check_project_file(file.bundle_path, out.problems);
    last_bundle = file.bundle_path;
    out.files.push_back(value_or_exit(lite::parse_locally(python, file)));
    const auto& found = out.files.back().problems;
    out.problems.insert(out.problems.end(), found.begin(), found.end());
  }
  return out;
}

/// Ends the command if there are problems.
void tell(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) fmt::print(stderr, "{}\n", trim(problem));
  if (!problems.empty()) throw Exit{2, fmt::format("{} problem(s)", problems.size())};
}

std::string dag_id_of(const json::value& serialized) {
  const json::value* dag = find(serialized, "dag");
  return dag == nullptr ? "" : get_text(*dag, "dag_id");
}

void validate(const ProjectOptions& options) {
  const Checked checked = check(options.path);
  for (const lite::LocalParse& file : checked.files) {
    if (!file.problems.empty()) continue;
    std::vector<std::string> ids;
    for (const json::value& dag : file.dags) ids.push_back(dag_id_of(dag));
    fmt::print("{}: {}\n", file.file, join(ids, ", "));
  }
  tell(checked.problems);
}

/// The folder that the places of DAG files are told from.
std::filesystem::path root_of(const std::string& path) {
  const auto given = std::filesystem::weakly_canonical(path);
  return std::filesystem::is_directory(given) ? given : given.parent_path();
}

/// What git calls the commit that is checked out, or "dev".
std::string version_from_git(const std::filesystem::path& folder) {
  const auto told = run_program({"git", "-C", folder.string(), "describe", "--tags", "--always", "--dirty"});
  return told && told->exit_code == 0 ? std::string(trim(told->output)) : "dev";
}

void compile(const ProjectOptions& options) {
  Checked checked = check(options.path);
  tell(checked.problems);
  const auto root = root_of(options.path);
  dag::Artifact artifact;
  artifact.project = root.filename().string();
  artifact.dag_version = options.dag_version.empty() ? version_from_git(root) : options.dag_version;
  if (!options.image.empty()) artifact.image = options.image;
  artifact.python_version = checked.python_version;
  for (lite::LocalParse& file : checked.files) {
    const std::string place = std::filesystem::weakly_canonical(file.file).lexically_relative(root).string();
    const auto source = read_file(file.file);
    if (!source) throw Exit{1, fmt::format("{} cannot be read any more", file.file)};
    for (json::value& serialized : file.dags) {
      dag::make_reproducible(serialized, place);
      artifact.dags.push_back({dag_id_of(serialized), place, *source, std::move(serialized)});
    }
  }
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
