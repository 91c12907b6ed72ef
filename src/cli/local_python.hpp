#pragma once

#include <filesystem>

#include "lite/local_parse.hpp"

namespace leoflow::cli {

/// The configured Python environment, checked, with this binary's Python
/// sources unpacked. Ends the command if there is none.
lite::LocalPython local_python();

/// Has Python find plugins there, if it is a folder and the environment names no other.
void use_plugins(const std::filesystem::path& folder);

}  // namespace leoflow::cli
