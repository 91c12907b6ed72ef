#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lite/ignore_rules.hpp"
#include "lite/project_file.hpp"

namespace leoflow::lite {

/// Which files of a folder count, and which of them may define DAGs: what its leoflow.yaml says of that.
class ProjectScope {
 public:
  /// Of a folder without a leoflow.yaml: all count.
  ProjectScope() = default;
  explicit ProjectScope(const ReadProjectFile& project);

  /// What is wrong with a project: in its leoflow.yaml, or that the DAG file is not there by that.
  /// @param exists  told a path below the folder
  std::vector<ProjectProblem> problems(const std::function<bool(const std::string&)>& exists) const;
  /// Whether the file, or a folder that it is in, is in `exclude_paths`.
  /// @param path  below the folder
  bool excludes(const std::string& path) const;
  /// Whether a Python file is one of DAGs: the project's own DAG file is, and no other where `dag_source`
  /// names it.
  /// @param looks_like_one  what may_define_dags() says of its source
  bool is_dag_file(const std::string& path, bool looks_like_one) const;

 private:
  IgnoreRules excluded_;
  std::string dag_file_;  ///< "" if the folder has no leoflow.yaml
  bool has_only_that_ = false;
  int line_ = 0;  ///< where `dag_source` stands
  std::vector<ProjectProblem> in_file_;
};

}  // namespace leoflow::lite
