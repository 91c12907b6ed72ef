#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace leoflow::agent {

/// A DAG file, as a process that imported it must know it.
struct DagFile {
  std::string path;         ///< absolute
  std::string bundle_path;  ///< absolute folder
  std::string bundle_name;

  friend auto operator<=>(const DagFile&, const DagFile&) = default;
};

/// A file's content as far as a stat tells.
struct FileStamp {
  std::string path;
  std::int64_t modified_ns = 0;
  std::int64_t size = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// The stamp now; modified_ns and size are -1 if there is no such file.
FileStamp stamp_of(const std::string& path);
/// Whether a file differs from its stamp.
bool is_changed(const FileStamp& stamp);
bool is_any_changed(const std::vector<FileStamp>& stamps);

/// Airflow's setting that makes the file's bundle known, by its environment variable.
json::object bundle_environment(const DagFile& file);

}  // namespace leoflow::agent
