#pragma once

#include <functional>
#include <map>
#include <string>

#include "lite/discovery.hpp"
#include "lite/tree_watcher.hpp"

namespace leoflow::lite {

/// Where plugins are, and when they change.
class PluginFiles {
 public:
  /// @param workspace  the folder of the DAG files: the one of plugins is in it, or beside it, or where
  /// AIRFLOW__CORE__PLUGINS_FOLDER says.
  /// @param on_change  called on the watcher's thread.
  PluginFiles(const std::string& workspace, std::function<void()> on_change);

  void start() { watcher_.start(); }
  void stop() { watcher_.stop(); }

  static std::string folder_of(const std::string& workspace);

 private:
  void look();
  static std::string root_of(const std::string& workspace, const std::string& folder);

  const std::string folder_;
  const std::function<void()> on_change_;
  std::map<std::string, FileStamp> files_;
  TreeWatcher watcher_;
};

}  // namespace leoflow::lite
