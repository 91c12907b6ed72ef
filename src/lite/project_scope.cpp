#include "lite/project_scope.hpp"

#include <fmt/format.h>

namespace leoflow::lite {

ProjectScope::ProjectScope(const ReadProjectFile& project)
    : dag_file_(project.file.dag_file()),
      has_only_that_(project.file.dag_source.has_value()),
      line_(project.file.line_of("dag_source")),
      in_file_(project.problems) {
  for (const std::string& pattern : project.file.exclude_paths) excluded_.add(pattern);
}

std::vector<ProjectProblem> ProjectScope::problems(
    const std::function<bool(const std::string&)>& exists) const {
  if (!in_file_.empty() || dag_file_.empty()) return in_file_;
  if (excludes(dag_file_))
    return {{line_, fmt::format("'exclude_paths' leaves out the DAG file {}", dag_file_)}};
  if (exists(dag_file_)) return {};
  const std::string_view advice = has_only_that_ ? "" : "; 'dag_source' names another";
  return {{line_, fmt::format("there is no DAG file {}{}", dag_file_, advice)}};
}

bool ProjectScope::excludes(const std::string& path) const {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (excluded_.ignores(path.substr(0, slash), true)) return true;
  }
  return excluded_.ignores(path, false);
}

bool ProjectScope::is_dag_file(const std::string& path, bool looks_like_one) const {
  if (!path.ends_with(".py") || excludes(path)) return false;
  return path == dag_file_ || (looks_like_one && !has_only_that_);
}

}  // namespace leoflow::lite
