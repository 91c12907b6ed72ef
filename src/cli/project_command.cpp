#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/local_python.hpp"
#include "lite/config.hpp"
#include "lite/starter.hpp"

namespace leoflow::cli {
namespace {

struct ProjectOptions {
  std::string path = ".";
  std::string output = "dag.json";
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
  std::vector<lite::LocalParse> files;
  std::vector<std::string> problems;
};

Checked check(const std::string& path) {
  Checked out;
  const auto files = value_or_exit(lite::find_dag_files(path));
  const lite::LocalPython python = local_python();
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

void compile(const ProjectOptions& options) {
  const Checked checked = check(options.path);
  tell(checked.problems);
  json::array dags;
  for (const lite::LocalParse& file : checked.files) {
    const std::string source = read_file(file.file).value_or("");
    for (const json::value& dag : file.dags) {
      dags.push_back(json::object{{"dag_id", dag_id_of(dag)},
                                  {"sha256", sha256_hex(json::serialize(dag))},
                                  {"source", source},
                                  {"serialized", dag}});
    }
  }
  const std::size_t count = dags.size();
  const json::object document = {
      {"format", "leoflow-dags/1"}, {"leoflow_version", LEOFLOW_VERSION}, {"dags", std::move(dags)}};
  write_file_atomically(options.output, json::serialize(document) + "\n");
  fmt::print("{}: {} DAG(s)\n", options.output, count);
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
  compiling->footer("Example:\n  leoflow compile dags/hello -o dag.json");
  compiling->callback([options] { compile(*options); });
}

}  // namespace leoflow::cli
