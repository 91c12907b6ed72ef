#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dag/artifact.hpp"
#include "lite/local_parse.hpp"

namespace leoflow::cli {

/// The DAG files below a path, parsed, and all that is wrong with them.
struct Checked {
  std::string python_version;  ///< of the environment that parsed them: "3.11"
  std::vector<lite::LocalParse> files;
  std::vector<std::string> problems;
};

/// @param path a DAG file, a project, or a folder of projects
Checked check_files(const std::string& path);

/// Ends the command if there are problems, after all of them were told.
void tell(const std::vector<std::string>& problems);

/// The folder that the places of DAG files are told from.
std::filesystem::path root_of(const std::string& path);

/// `given`, or else what git calls the commit that is checked out there, or "dev".
std::string label_of(const std::string& given, const std::filesystem::path& root);

/// The artifact of files without problems. @param image that holds them, if there is one
dag::Artifact freeze(Checked checked, const std::filesystem::path& root, const std::string& label,
                     std::optional<std::string> image);

/// The id of a serialized DAG.
std::string dag_id_of(const json::value& serialized);

}  // namespace leoflow::cli
