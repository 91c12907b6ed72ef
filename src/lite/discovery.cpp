#include "lite/discovery.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>
#include <set>
#include <sys/stat.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "lite/ignore_rules.hpp"
#include "lite/project_file.hpp"

namespace leoflow::lite {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWorkspaceBundle = "dags-folder";

bool is_project(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "dag.py", ignored) || fs::exists(folder / "leoflow.yaml", ignored);
}

/// Files that a DAG may be made of; others (data, logs) never cause a parse.
bool matters(const fs::path& file) {
  constexpr std::array<std::string_view, 9> kEndings = {".py",  ".yaml", ".yml", ".json", ".toml",
                                                        ".cfg", ".ini",  ".sql", ".txt"};
  const std::string ending = file.extension().string();
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

void warn_once(const fs::path& path) {
  static std::mutex mutex;
  static std::set<std::string> warned;
  const std::lock_guard lock(mutex);
  if (warned.insert(path.native()).second)
    log::warning("'{}' is left out: its name is not UTF-8", to_valid_utf8(path.native()));
}

class Scan {
 public:
  Bundle run_whole(const std::string& name, const fs::path& root) {
    has_projects_ = false;
    Bundle all = std::move(run(root).front());
    all.name = name;
    return all;
  }

  std::vector<Bundle> run(const fs::path& root) {
    bundles_.push_back(Bundle{
        is_project(root) ? root.filename().string() : std::string(kWorkspaceBundle), root.string(), "", {}});
    walk(root, root, 0, 0);
    return std::move(bundles_);
  }

 private:
  void walk(const fs::path& root, const fs::path& folder, std::size_t bundle, int depth) {
    const auto text = read_file((folder / kIgnoreFile).string());
    if (text) rules_.emplace_back(folder, IgnoreRules()).second.add_file(*text);
    look_into(root, folder, bundle, depth);
    if (text) rules_.pop_back();
  }

  void look_into(const fs::path& root, const fs::path& folder, std::size_t bundle, int depth) {
    std::error_code error;
    for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && it != end; it.increment(error)) {
      const fs::path& path = it->path();
      const std::string name = path.filename().string();
      if (is_left_out(name)) continue;
      std::error_code ignored;
      const bool is_folder = it->is_directory(ignored);
      if (name != kProjectFileName && is_ignored(path, is_folder)) continue;
      if (is_folder) {
        enter(root, path, bundle, depth + 1);
      } else if (matters(path)) {
        add(bundle, path);
      }
    }
  }

  /// As in Airflow the rules of a folder are for what is below it, and count more than those above.
  bool is_ignored(const fs::path& path, bool is_folder) const {
    bool ignored = false;
    for (const auto& [folder, rules] : rules_) {
      if (const auto verdict = rules.verdict(path.lexically_relative(folder).string(), is_folder))
        ignored = *verdict;
    }
    return ignored;
  }

  void enter(const fs::path& root, const fs::path& folder, std::size_t bundle, int depth) {
    // A folder that links to one above it would never end.
    if (depth > kDeepest * 4) return;
    const bool own_project =
        has_projects_ && depth <= kDeepest && bundle == 0 && !is_project(root) && is_project(folder);
    if (own_project) {
      bundles_.push_back(Bundle{folder.lexically_relative(root).string(), folder.string(), "", {}});
      bundle = bundles_.size() - 1;
    }
    walk(root, folder, bundle, depth);
  }

  void add(std::size_t bundle, const fs::path& path) {
    // Neither the database nor an agent takes such a name.
    if (!is_valid_utf8(path.native())) return warn_once(path);
    const auto stamp = stamp_of(path);
    if (!stamp) return;  // deleted meanwhile
    bundles_[bundle].files[path.lexically_relative(bundles_[bundle].path).string()] = *stamp;
  }

  bool has_projects_ = true;
  std::vector<Bundle> bundles_;
  std::vector<std::pair<fs::path, IgnoreRules>> rules_;  ///< of the folders on the way, from the top
};

}  // namespace

std::optional<FileStamp> stamp_of(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileStamp{.modified_ns = info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec,
                   .size = static_cast<std::uint64_t>(info.st_size),
                   .inode = info.st_ino};
}

bool is_left_out(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"__pycache__", "venv", "node_modules", "site-packages"};
  return name.starts_with('.') || std::ranges::find(kNames, name) != kNames.end();
}

std::vector<Bundle> discover(const std::string& root) {
  return Scan().run(fs::path(root));
}

Bundle scan(const std::string& name, const std::string& root) {
  return Scan().run_whole(name, fs::path(root));
}

bool may_define_dags(std::string_view source) {
  const std::string lower = to_lower(source);
  return lower.find("dag") != std::string::npos && lower.find("airflow") != std::string::npos;
}

}  // namespace leoflow::lite
