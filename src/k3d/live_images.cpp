#include "k3d/live_images.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <set>
#include <vector>

#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "lite/discovery.hpp"
#include "lite/image_recipe.hpp"
#include "lite/local_parse.hpp"

namespace leoflow::k3d {
namespace {

namespace fs = std::filesystem;

/// What is not in images, and changes for no reason of the project's.
bool is_passed_over(const fs::path& path) {
  constexpr std::array<std::string_view, 4> kNames = {".git", "__pycache__", ".venv", "venv"};
  return std::ranges::find(kNames, path.filename().string()) != kNames.end();
}

/// Changes whenever a file of the folder does: names, sizes and times, not what is in them.
std::string fingerprint_of(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
       at != end && !error; at.increment(error)) {
    if (is_passed_over(at->path())) {
      at.disable_recursion_pending();
      continue;
    }
    std::error_code gone;
    const bool is_file = at->is_regular_file(gone);
    const auto size = is_file ? at->file_size(gone) : 0;
    const auto time = at->last_write_time(gone).time_since_epoch().count();
    if (is_file && !gone) files.push_back(fmt::format("{}\n{}\n{}\n", at->path().string(), size, time));
  }
  std::ranges::sort(files);
  return sha256_hex(join(files, ""));
}

/// Docker keeps what the cluster has by now, and each change of a file makes one more.
void remove_others(const std::string& image) {
  const std::string repository = lite::repository_of(image);
  const auto told = run_program({"docker", "image", "ls", "--filter", "reference=" + repository, "--format",
                                 "{{.Repository}}:{{.Tag}}"});
  if (!told || told->exit_code != 0) return;
  for (const std::string& other : split(told->output, '\n')) {
    if (!other.starts_with(repository + ":") || other == image) continue;
    if (auto removed = have_run({"docker", "image", "rm", other}, {}); !removed)
      log::warning("the image {} stays: {}", other, removed.error().message);
  }
}

}  // namespace

LiveImages::LiveImages(lite::ImageBuilder builder, Cluster cluster, BaseImages bases)
    : builder_(std::move(builder)), cluster_(std::move(cluster)), bases_(std::move(bases)) {}

void LiveImages::image_of(const std::string& folder, std::function<void(Result<std::string>)> then) {
  worker_.post([this, folder, then = std::move(then)] { then(make(folder)); });
}

Result<std::string> LiveImages::make(const std::string& folder) {
  const std::string fingerprint = fingerprint_of(folder);
  if (const auto known = made_.find(folder); known != made_.end() && known->second.fingerprint == fingerprint)
    return known->second.image;
  std::set<std::string> projects;
  const auto files = lite::find_dag_files(folder);
  if (!files) return std::unexpected(files.error());
  for (const lite::LocalFile& file : *files) projects.insert(file.bundle_path);
  const auto recipe = lite::read_image_recipe(folder, {projects.begin(), projects.end()});
  if (!recipe) return std::unexpected(recipe.error());
  const std::string name = lite::image_name_of(fs::path(folder).filename().string());
  // Never the same tag for other content: a node that has it would not look again.
  std::string image = fmt::format("leoflow-dev/{}:{}", name, fingerprint.substr(0, 12));
  log::info("making the image {} of {}", image, folder);
  const std::string& own = recipe->base_image.empty() ? bases_.usual : recipe->base_image;
  const std::string& base = bases_.forced.empty() ? own : bases_.forced;
  if (auto built = builder_.build(*recipe, base, image, {}); !built) return std::unexpected(built.error());
  if (auto imported = cluster_.import_image(image, {}); !imported) return std::unexpected(imported.error());
  log::info("the cluster '{}' has {}", cluster_.name(), image);
  remove_others(image);
  made_[folder] = {fingerprint, image};
  return image;
}

}  // namespace leoflow::k3d
