#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "engine/dag_warnings.hpp"
#include "engine/item.hpp"
#include "engine/recovery.hpp"

namespace leoflow::engine {

/// Where the files of every pushed project are in its image.
constexpr std::string_view kProjectFolder = "/home/leoflow/dags";

/// What parsing one file gave.
struct ParsedFile {
  std::string bundle_name;
  std::string bundle_path;  ///< absolute folder
  std::optional<std::string> bundle_version;
  std::string relative_fileloc;  ///< below it
  std::string content_hash;      ///< of all that the result depends on
  std::string source;            ///< text of the file
  std::vector<json::value> serialized_dags;
  std::optional<std::string> import_error;  ///< traceback; the DAGs that did load are still there
  std::vector<DagWarning> warnings;
  Duration parse_duration{0};
};

/// @param error  "" takes back what was written before.
void write_import_error(store::Session& session, const std::string& bundle_name,
                        const std::string& relative_fileloc, const std::string& error, Time now);

/// Turns parsed files into DAGs and versions. Lives on the engine's thread.
class DagFiles {
 public:
  struct Place {
    std::string bundle_name;
    std::string bundle_path;
    std::string relative_fileloc{};
    std::optional<std::string> bundle_version{};
  };

  explicit DagFiles(Versions& versions) : versions_(versions) {}

  /// Reads from the store where each DAG lives.
  void load(store::Session& session);
  Place place_of(const std::string& dag_id) const;
  /// As it was in that version of the bundle, whose folder is named after it.
  Place place_of(const std::string& dag_id, const std::optional<std::string>& bundle_version) const;

  /// Errors: invalid (this version cannot run the DAG), conflict (another file defines it).
  Result<std::shared_ptr<const dag::Dag>> read(const Deciding& deciding, const ParsedFile& file,
                                               const json::value& serialized) const;
  /// Decides what a parsed file changes and tells the scheduler.
  /// @returns what to write, to be used as an Item's `record`.
  std::function<void(store::Session&)> put(Deciding& deciding, ParsedFile file);
  /// The file is gone: its DAGs are stale.
  std::function<void(store::Session&)> remove(Deciding& deciding, const std::string& bundle,
                                              const std::string& relative_fileloc);
  void forget(const std::string& dag_id) { places_.erase(dag_id); }
  /// The ids of the DAGs that a file defines.
  std::vector<std::string> dags_of(const std::string& bundle, const std::string& relative_fileloc) const;
  /// The files of a bundle that define DAGs.
  std::set<std::string> files_of(const std::string& bundle) const;

 private:
  struct DagChange;
  struct Version {
    std::string id;
    int number = 0;
    std::string hash;
    bool has_run = false;
    std::optional<std::string> bundle_version;
  };

  std::optional<DagChange> change_of(Deciding& deciding, const ParsedFile& file,
                                     const json::value& serialized, std::string& errors);
  std::optional<Version> newest_version(store::Session& session, const std::string& dag_id);

  Versions& versions_;
  std::unordered_map<std::string, Place> places_;
};

}  // namespace leoflow::engine
