#include "lite/plugin_files.hpp"

#include <cstdlib>
#include <filesystem>

namespace leoflow::lite {

namespace fs = std::filesystem;

namespace {

const char* told_folder() {
  const char* told = std::getenv("AIRFLOW__CORE__PLUGINS_FOLDER");
  return told != nullptr && *told != '\0' ? told : nullptr;
}

}  // namespace

PluginFiles::PluginFiles(const std::string& workspace, std::function<void()> on_change)
    : folder_(folder_of(workspace)),
      on_change_(std::move(on_change)),
      files_(scan("plugins", folder_).files),
      watcher_(root_of(workspace, folder_), [this] { look(); }) {}

std::string PluginFiles::folder_of(const std::string& workspace) {
  if (const char* told = told_folder()) return told;
  const fs::path inside = fs::path(workspace) / "plugins";
  const fs::path beside = fs::path(workspace).parent_path() / "plugins";
  return fs::is_directory(beside) && !fs::is_directory(inside) ? beside.string() : inside.string();
}

// A folder that is not there yet is seen to come by its parent. That is watched with all that is in it, so it
// must be the workspace, and not a place of somebody else's.
std::string PluginFiles::root_of(const std::string& workspace, const std::string& folder) {
  return fs::is_directory(folder) || told_folder() != nullptr ? folder : workspace;
}

void PluginFiles::look() {
  auto files = scan("plugins", folder_).files;
  if (files == files_) return;
  files_ = std::move(files);
  on_change_();
}

}  // namespace leoflow::lite
