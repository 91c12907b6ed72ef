#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "lite/project_file.hpp"

namespace leoflow::lite {

/// Puts what a project file says over the DAGs of the project's DAG file.
/// @param dags in Airflow's serialization, with "__version" and "dag"; changed in place.
/// @param python_version of the environment, "3.11"; "" if it is not known.
/// @returns what does not fit: another DAG's id, tasks that do not exist.
std::vector<ProjectProblem> overlay(const ProjectFile& file, std::vector<json::value>& dags,
                                    const std::string& python_version);

struct OverlaidProject {
  std::vector<ProjectProblem> problems;  ///< what does not fit
  bool is_broken = false;                ///< the project file itself is not in order, and nothing was done
  bool wants_pods = false;               ///< it says something of the pods of tasks
};

/// The same for a parsed file of the project in `folder`, if that has a leoflow.yaml. DAGs of other files
/// than its DAG file are held to what the project declares; all else is about the DAG file's.
OverlaidProject overlay_project(const std::string& folder, const std::string& relative_fileloc,
                                std::vector<json::value>& dags, const std::string& python_version);

}  // namespace leoflow::lite
