#include "lite/project_scope.hpp"

namespace leoflow::lite {

ProjectScope::ProjectScope(const ProjectFile& file)
    : dag_file_(file.dag_file()), has_only_that_(file.dag_source.has_value()) {
  for (const std::string& pattern : file.exclude_paths) excluded_.add(pattern);
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
