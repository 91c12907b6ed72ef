#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leoflow::lite {

/// What tells that a file changed, without reading it.
struct FileStamp {
  std::int64_t modified_ns = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Nothing if there is no such file.
std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

/// A folder whose DAG files are parsed with it on their import path: one
/// project, or a plain Airflow dags folder.
struct Bundle {
  std::string name;
  std::string path;                        ///< absolute
  std::string version;                     ///< of one that has versions
  std::map<std::string, FileStamp> files;  ///< by path below the folder: all that parsing may depend on
};

/// How many levels below a workspace projects are, and below a project its DAG files.
constexpr int kDeepest = 5;

/// The bundles of a workspace. A folder with a `dag.py` or `leoflow.yaml` is a
/// project, up to `kDeepest` levels deep; all other Python files belong to the
/// workspace itself, as in an Airflow dags folder. Hidden folders, virtual
/// environments, caches and what `.airflowignore` names are left out.
/// @param root absolute. A folder that cannot be read counts as empty.
std::vector<Bundle> discover(const std::string& root);
/// A folder as one bundle, whatever projects are in it.
Bundle scan(const std::string& name, const std::string& root);

/// Of patterns of what does not count below its folder, as in Airflow.
constexpr std::string_view kIgnoreFile = ".airflowignore";

/// Whether files and folders of this name never count, wherever they are.
bool is_left_out(std::string_view name);

/// Whether a Python file may define DAGs: Airflow's rule that it mentions both
/// "dag" and "airflow", in any case.
bool may_define_dags(std::string_view source);

}  // namespace leoflow::lite
