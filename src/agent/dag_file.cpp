#include "agent/dag_file.hpp"

#include <algorithm>
#include <sys/stat.h>

namespace leoflow::agent {

FileStamp stamp_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {path, -1, -1};
  return {path, status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec, status.st_size};
}

bool is_changed(const FileStamp& stamp) {
  return stamp_of(stamp.path) != stamp;
}

bool is_any_changed(const std::vector<FileStamp>& stamps) {
  return std::ranges::any_of(stamps, is_changed);
}

json::object bundle_environment(const DagFile& file) {
  const json::object bundle{{"name", file.bundle_name},
                            {"classpath", "airflow.dag_processing.bundles.local.LocalDagBundle"},
                            {"kwargs", json::object{{"path", file.bundle_path}}}};
  return {{"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json::serialize(json::array{bundle})}};
}

}  // namespace leoflow::agent
