#pragma once

#include <filesystem>
#include <string>

namespace leoflow::lite {

/// Where everything of an install lives: LEOFLOW_HOME, else ~/.leoflow.
class Home {
 public:
  static Home from_environment();
  explicit Home(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path config_file() const { return root_ / "config.yaml"; }
  std::filesystem::path python_environment() const { return root_ / "venv"; }
  /// The Python sources that this binary carries, unpacked.
  std::filesystem::path worker_sources() const { return root_ / "pysrc"; }
  /// Lite's own state. The name is older than "Lite"; installs upgrade in place.
  std::filesystem::path lite() const { return root_ / "dev"; }
  std::filesystem::path database_file() const { return lite() / "leoflow_dev.db"; }
  std::filesystem::path logs() const { return lite() / "logs"; }
  std::filesystem::path agent() const { return lite() / "agent"; }
  std::filesystem::path bundles() const { return lite() / "bundles"; }

 private:
  std::filesystem::path root_;
};

/// ~/leoflow: where projects are looked for when no path is given.
std::filesystem::path default_workspace();

}  // namespace leoflow::lite
