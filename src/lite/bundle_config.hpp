#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace leoflow::lite {

/// A folder or a repository with DAG files, besides the workspace.
struct BundleConfig {
  std::string name;
  std::string path;      ///< of a local one: absolute folder
  std::string repo_url;  ///< of one in git
  std::string tracking_ref;
  std::string subdir;  ///< of the repository; "" for all of it
  std::chrono::seconds refresh_interval{300};
  bool is_git() const { return !repo_url.empty(); }
};

/// Reads Airflow's [dag_processor] dag_bundle_config_list: LocalDagBundle and GitDagBundle.
/// Errors: invalid, unsupported; naming the bundle and what is wrong with it.
Result<std::vector<BundleConfig>> read_bundle_configs(std::string_view text);

}  // namespace leoflow::lite
