#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "lite/project_file.hpp"

namespace leoflow::lite {

/// The Python that parses when there is no server.
struct LocalPython {
  std::string python;         ///< interpreter
  std::string worker_path;    ///< folder of the unpacked Python sources
  std::string minor_version;  ///< "3.11"
};

/// What parsing one DAG file gave.
struct LocalParse {
  std::string file;                   ///< absolute
  std::vector<json::value> dags;      ///< in Airflow's serialization, with the project file put over them
  std::vector<std::string> problems;  ///< each names file and, where known, line; may have several lines
};

/// DAG files below a path: the file itself, of the project that it is in, else those of a project, a folder
/// of projects or an Airflow dags folder.
struct LocalFile {
  std::string bundle_path;  ///< absolute
  std::string bundle_name;
  std::string relative_path;
  std::string path() const { return bundle_path + "/" + relative_path; }
};

/// Errors: not_found (no such path, or no DAG file there).
Result<std::vector<LocalFile>> find_dag_files(const std::string& path);

/// The folder of the project that a file is in: the nearest with a leoflow.yaml, else its own.
std::filesystem::path project_of(const std::filesystem::path& file);

/// What is wrong with the projects below a path, each with its leoflow.yaml's path: what is in the way of
/// reading one, or of its DAG file being there.
std::vector<std::string> project_problems(const std::string& path);

/// Parses a file with the stock parser in a process of its own, puts the project's
/// leoflow.yaml over it, and reads the result as the server would.
/// Errors: unavailable (Python cannot be started).
Result<LocalParse> parse_locally(const LocalPython& python, const LocalFile& file);

}  // namespace leoflow::lite
