#pragma once

#include <map>
#include <optional>
#include <string>

#include "dag/artifact.hpp"
#include "engine/commands.hpp"
#include "engine/dag_files.hpp"
#include "engine/ports.hpp"

namespace leoflow::engine {

/// Which versions of pushed projects there are. Lives on the engine's thread.
class Projects {
 public:
  struct Version {
    std::string content_hash;
    std::optional<std::string> image;
  };

  /// Reads what the store has.
  void load(store::Session& session);
  /// Null for what was never pushed.
  const Version* find(const std::string& project, const std::string& dag_version) const;
  /// Whose Python it is; without an image if it was never pushed.
  PythonHome home_of(const DagFiles::Place& place) const;
  /// Of the version with an image that was pushed or chosen last; that of nothing if there is none.
  PythonHome newest_home() const;
  /// Under which its content is registered, or would be.
  std::string label_of(const dag::Artifact& artifact, const std::string& content_hash) const;
  /// Remembers the version unless it is there. Errors: conflict (its label has other content).
  Result<RegisteredVersion> add(const dag::Artifact& artifact, const std::string& content_hash);

 private:
  std::map<std::string, std::map<std::string, Version>> versions_;  ///< by project and label
  std::optional<DagFiles::Place> newest_;                           ///< of those with an image
};

/// Writes a version (if it is new) and makes it the project's current one.
void write_project_version(store::Session& session, const dag::Artifact& artifact,
                           const RegisteredVersion& registered, const std::optional<std::string>& user,
                           Time now);

/// The DAG files of an artifact, as if they had been parsed just now.
/// @param dag_version  under which its content is registered.
std::vector<ParsedFile> parsed_files(const dag::Artifact& artifact, const std::string& dag_version,
                                     const std::string& content_hash);

}  // namespace leoflow::engine
