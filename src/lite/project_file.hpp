#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace leoflow::lite {

/// What is wrong in a project's leoflow.yaml, and where.
struct ProjectProblem {
  int line = 0;  ///< counted from 1; 0 if it is about the whole file
  std::string message;

  /// "leoflow.yaml, line 3: unknown key 'x'".
  std::string text() const;
};

/// Names of what tasks may use of the install; a "*" at the end stands for all that begin so.
struct DeclaredSecrets {
  std::vector<std::string> variables;
  std::vector<std::string> connections;

  bool is_empty() const { return variables.empty() && connections.empty(); }
};

/// What `defaults` and `tasks.<id>` may say of a task.
struct TaskSettings {
  DeclaredSecrets secrets;
  std::optional<int> retries;
  std::optional<std::chrono::seconds> retry_delay;
  json::value pod;  ///< what it wants of its pod, as Kubernetes writes pods; null: nothing
};

/// A project's leoflow.yaml: what it adds to the DAG of its DAG file.
struct ProjectFile {
  std::optional<std::string> dag_id;  ///< which the DAG must have
  std::optional<std::string> description;
  std::optional<std::string> owner;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::string> python_version;  ///< "3.11"
  std::optional<std::string> dag_source;      ///< the project's only DAG file, below its folder
  std::vector<std::string> exclude_paths;     ///< glob patterns as in .gitignore
  std::optional<DeclaredSecrets> secrets;     ///< nothing if neither key stands anywhere
  std::optional<std::string> base_image;      ///< what the project's image starts from
  std::vector<std::string> dependencies;      ///< of the image, as pip takes them
  std::vector<std::string> system_packages;   ///< of the image, from Debian
  std::optional<std::string> registry;        ///< where the image goes: "registry.example/team"
  std::optional<std::string> image_name;      ///< there
  TaskSettings defaults;                      ///< for tasks that leave it at Airflow's default
  std::map<std::string, TaskSettings> tasks;  ///< by task id
  std::map<std::string, int> lines;           ///< where keys stand: "dag_id", "tasks.load"

  std::string dag_file() const { return dag_source.value_or("dag.py"); }
  int line_of(const std::string& key) const;
  /// Whether a task's pod is to be other than pods are.
  bool wants_pods() const;
};

struct ReadProjectFile {
  ProjectFile file;
  std::vector<ProjectProblem> problems;  ///< all of them, in the order of the file
};

constexpr std::string_view kProjectFileName = "leoflow.yaml";

/// Reads the text of a leoflow.yaml; what is in order is in `file` even if something else is not.
ReadProjectFile read_project_file(std::string_view text);
/// The same for a project's folder; nullopt if it has no such file. One that cannot be read is a problem.
std::optional<ReadProjectFile> read_project(const std::string& folder);

/// Every key that may stand at the top, supported or not: as in docs/leoflow.schema.json.
std::vector<std::string> project_file_keys();

/// A problem for each line, as an import error shows them.
std::string problems_text(const std::vector<ProjectProblem>& problems);

}  // namespace leoflow::lite
