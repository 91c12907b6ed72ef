#pragma once

#include <filesystem>

#include "lite/local_parse.hpp"

namespace leoflow::cli {

/// The configured Python environment, checked, with this binary's Python
/// sources unpacked. Ends the command if there is none.
lite::LocalPython local_python();

/// Has Python find the plugins of a project: beside its files, as in its image; unless the environment says
/// otherwise.
/// @param root  the folder of the project, or of several
void use_plugins_of(const std::filesystem::path& root);

}  // namespace leoflow::cli
