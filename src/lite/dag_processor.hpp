#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "engine/engine.hpp"
#include "fleet/fleet.hpp"
#include "lite/bundle_config.hpp"
#include "lite/discovery.hpp"
#include "lite/git_bundle.hpp"
#include "lite/project_scope.hpp"
#include "lite/tree_watcher.hpp"
#include "store/database.hpp"

namespace leoflow::lite {

struct DagProcessorOptions {
  std::string root;    ///< absolute folder of the workspace
  std::string parser;  ///< names versions of what parses: part of the cache key
  Duration time_limit = std::chrono::seconds{30};
  std::string python_version{};         ///< of what parses: "3.11"
  bool has_pods = false;                ///< tasks run in pods
  int parallel = 2;                     ///< files that are parsed at a time
  std::vector<BundleConfig> bundles{};  ///< besides the workspace
  std::string bundles_folder{};         ///< absolute; for those in git
};

/// Keeps the engine's DAGs in step with the files of a workspace. A file is
/// parsed again when it changed, or something that it may import.
class DagProcessor {
 public:
  DagProcessor(DagProcessorOptions options, store::Database& database, engine::Engine& engine,
               fleet::Fleet& fleet);
  ~DagProcessor();

  /// Looks at everything once, then watches.
  void start();
  void stop();
  /// Parses a file again although nothing changed. Thread safe.
  void reparse(const std::string& bundle, const std::string& relative_fileloc);

 private:
  struct DagFile {
    std::string bundle_path;
    std::string bundle_version;
    std::string hash;  ///< of all that its last parse depended on; of a leoflow.yaml: its problems
    bool parsing = false;
    bool again = false;  ///< changed while it was being parsed
  };
  /// What is known of a file's content, read once for each change.
  struct FileFacts {
    FileStamp stamp;
    std::string hash;
    bool looks_like_dags = false;
    std::set<std::string> imports;  ///< of a Python file: the words of its import lines
    ProjectScope scope;             ///< of a leoflow.yaml
  };
  using FileKey = std::pair<std::string, std::string>;  ///< bundle name, path below it

  void load_cache();
  std::vector<Bundle> all_bundles() const;
  /// Has a repository delete the commits that nothing needs any more. On its thread.
  void prune(const GitBundle& repository);
  void look();
  void look_at(const Bundle& bundle, std::set<FileKey>& dag_files);
  /// Reads the file if it changed, or could not be read. @returns null if it is gone.
  const FileFacts* facts_of(const Bundle& bundle, const std::string& path, const FileStamp& stamp);
  ProjectScope scope_of(const Bundle& bundle);
  /// An import error of the leoflow.yaml, while what is known of the bundle's DAG files stays as it is.
  void report(const Bundle& bundle, const std::vector<ProjectProblem>& problems,
              std::set<FileKey>& dag_files);
  void forget_missing(const std::vector<Bundle>& bundles, const std::set<FileKey>& dag_files);
  void want(const FileKey& key);
  void parse_wanted();
  void on_outcome(const FileKey& key, const std::string& source, const std::string& hash,
                  const fleet::ParseOutcome& outcome);
  void put(engine::ParsedFile parsed, Duration took);
  /// Puts the project's leoflow.yaml over the DAGs of a parsed file; what does not fit is an import error.
  /// @returns false if it cannot be read now, so that the file is to be parsed once it can
  bool apply_project_file(engine::ParsedFile& parsed) const;

  const DagProcessorOptions options_;
  store::Database& database_;
  engine::Engine& engine_;
  fleet::Fleet& fleet_;

  std::mutex looking_;  ///< held for a whole look: what was seen earlier must not be taken for newer
  // protected by mutex_
  std::mutex mutex_;
  std::map<FileKey, DagFile> dag_files_;
  std::map<FileKey, FileFacts> facts_;
  std::set<FileKey> wanted_;
  int parsing_ = 0;
  bool stopping_ = false;

  std::vector<std::unique_ptr<TreeWatcher>> watchers_;  // of the workspace and of local bundles
  std::vector<std::unique_ptr<GitBundle>> repositories_;
};

/// What an agent's outcome says of a file.
engine::ParsedFile to_parsed_file(const fleet::ParseOutcome& outcome, const std::string& relative_fileloc);

}  // namespace leoflow::lite
