#include "cli/compiled.hpp"

#include <cstdio>
#include <fmt/format.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "cli/exit.hpp"
#include "cli/local_python.hpp"
#include "lite/project_file.hpp"

namespace leoflow::cli {
namespace {

/// Problems of a leoflow.yaml stand alone when they keep its DAG file from being told apart.
void check_project_file(const std::string& folder, std::vector<std::string>& problems) {
  const auto project = lite::read_project(folder);
  if (!project) return;
  const std::string source = fmt::format("{}/{}", folder, project->file.dag_file());
  if (!std::filesystem::exists(source)) problems.push_back(fmt::format("{}: it does not exist", source));
}

}  // namespace

Checked check_files(const std::string& path) {
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

void tell(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) fmt::print(stderr, "{}\n", trim(problem));
  if (!problems.empty()) throw Exit{2, fmt::format("{} problem(s)", problems.size())};
}

std::filesystem::path root_of(const std::string& path) {
  const auto given = std::filesystem::weakly_canonical(path);
  return std::filesystem::is_directory(given) ? given : given.parent_path();
}

std::string label_of(const std::string& given, const std::filesystem::path& root) {
  if (!given.empty()) return given;
  const auto told = run_program({"git", "-C", root.string(), "describe", "--tags", "--always", "--dirty"});
  return told && told->exit_code == 0 ? std::string(trim(told->output)) : "dev";
}

dag::Artifact freeze(Checked checked, const std::filesystem::path& root, const std::string& label,
                     std::optional<std::string> image) {
  dag::Artifact artifact;
  artifact.project = root.filename().string();
  artifact.dag_version = label;
  artifact.image = std::move(image);
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
  return artifact;
}

std::string dag_id_of(const json::value& serialized) {
  const json::value* dag = find(serialized, "dag");
  return dag == nullptr ? "" : get_text(*dag, "dag_id");
}

}  // namespace leoflow::cli
