#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace leoflow::lite {

/// The Airflow packages that this binary works with, as pip writes them.
std::vector<std::string> pinned_packages();

struct PythonEnvironment {
  std::string python;          ///< interpreter
  std::string airflow_folder;  ///< site-packages/airflow
};

/// Looks at an interpreter's installed packages.
/// Errors: not_found (no interpreter), conflict (a pinned package is missing or
/// another version; all of them are named).
Result<PythonEnvironment> inspect_python(const std::string& python);

/// "3.11"; "" if the interpreter does not say.
std::string minor_version_of(const std::string& python);

/// Makes a virtual environment with the pinned packages.
/// @param wheelhouse folder of wheels to install from instead of the network, if set.
/// @param progress told what is being done, a line each.
/// Errors: not_found (no Python 3.10 or later), unavailable (pip failed; its last words are in the message).
Result<PythonEnvironment> make_python_environment(const std::filesystem::path& folder,
                                                  const std::optional<std::string>& wheelhouse,
                                                  const std::function<void(std::string_view)>& progress);

}  // namespace leoflow::lite
