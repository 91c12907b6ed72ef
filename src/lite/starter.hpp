#pragma once

#include <filesystem>

namespace leoflow::lite {

/// Writes a first project, `hello/dag.py`, into a workspace that is empty or missing.
/// @returns whether it did.
bool make_starter_project(const std::filesystem::path& workspace);

/// Writes a new project into `folder`. @returns false if it has a dag.py already.
bool write_project(const std::filesystem::path& folder);

}  // namespace leoflow::lite
