#pragma once

#include <filesystem>

namespace leoflow::app {

/// Unpacks the Python sources of this binary below `folder`, unless they are
/// there already. @returns the folder to put on Python's path. Throws Fatal.
std::filesystem::path unpack_worker_sources(const std::filesystem::path& folder);

}  // namespace leoflow::app
