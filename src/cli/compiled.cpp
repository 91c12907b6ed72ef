#include "cli/compiled.hpp"

#include <cstdio>
#include <fmt/format.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "cli/exit.hpp"
#include "cli/local_python.hpp"

namespace leoflow::cli {
Checked check_files(const std::string& path) {
  Checked out;
  auto files = lite::find_dag_files(path);
  out.problems = lite::project_problems(path);
  if (!files && !out.problems.empty()) return out;
  const lite::LocalPython python = local_python();
  use_plugins(root_of(path) / "plugins");  // as in the image
  out.python_version = python.minor_version;
  for (const lite::LocalFile& file : value_or_exit(std::move(files))) {
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
  return std::filesystem::is_directory(given) ? given : lite::project_of(given);
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
