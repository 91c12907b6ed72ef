#include "cli/try_dag.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>
#include <vector>

#include "base/text.hpp"
#include "cli/compiled.hpp"
#include "cli/exit.hpp"
#include "cli/local_python.hpp"
#include "lite/config.hpp"
#include "lite/plugin_files.hpp"

namespace leoflow::cli {
namespace {

struct Places {
  std::string dag_id;  ///< "": the only one
  std::vector<lite::LocalFile> files;
  std::filesystem::path root;  ///< that all of them are below
};

/// Where the DAG may be; only files that name an id are looked through for it.
Places places_of(const std::string& dag) {
  if (std::filesystem::exists(dag)) return {"", value_or_exit(lite::find_dag_files(dag)), root_of(dag)};
  const lite::Config config = value_or_exit(lite::load_config(lite::Home::from_environment()));
  Places places{dag, {}, config.workspace};
  for (lite::LocalFile& file : value_or_exit(lite::find_dag_files(config.workspace))) {
    const auto source = read_file(file.path());
    if (source && source->find(dag) != std::string::npos) places.files.push_back(std::move(file));
  }
  if (places.files.empty()) {
    throw Exit{3, fmt::format("'{}' is neither a path nor the id of a DAG in '{}'", dag, config.workspace)};
  }
  return places;
}

}  // namespace

void test_dag(const DagTest& test) {
  const Places places = places_of(test.dag);
  const lite::LocalPython python = local_python();
  use_plugins(lite::PluginFiles::folder_of(places.root.string()));  // as in Lite
  std::vector<std::string> arguments = {python.python, python.worker_path + "/leoflow_worker/dag_test.py",
                                        places.dag_id, test.conf, test.logical_date};
  for (const lite::LocalFile& file : places.files) {
    arguments.push_back(file.bundle_path);
    arguments.push_back(file.path());
  }
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  std::fflush(nullptr);
  ::execvp(raw[0], raw.data());
  throw Exit{6, fmt::format("'{}' cannot be started: {}", python.python, std::strerror(errno))};
}

}  // namespace leoflow::cli
