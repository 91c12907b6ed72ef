#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace leoflow::dag {

/// A DAG as it was when its project was compiled.
struct FrozenDag {
  std::string dag_id;
  std::string relative_fileloc;  ///< of its file, below the project's folder
  std::string source;            ///< the text of that file
  json::value serialized;        ///< Airflow's serialization without the places where it was compiled
};

/// What `leoflow compile` writes: the DAGs of a project and what they run with. docs/artifact.schema.json.
struct Artifact {
  std::string project;
  std::string dag_version;           ///< a label for people
  std::optional<std::string> image;  ///< that holds the project's files
  std::string python_version;        ///< "3.11"
  std::vector<FrozenDag> dags;

  /// "sha256:" and 64 hexadecimal digits, over all but the label: the same content is the same version.
  std::string content_hash() const;
  /// The same bytes for the same content and label.
  std::string text() const;
  /// Errors: invalid (no JSON, another schema version, a field that is missing or of another type, a DAG that
  /// is there twice, a hash that does not fit the content).
  static Result<Artifact> read(std::string_view text);
};

/// Takes out of a DAG where it was compiled, and sorts the fields of DAG and tasks, which Airflow writes in
/// the order of a Python set: the same files give the same artifact, anywhere and again.
/// @param place  of its file below the project's folder
void make_reproducible(json::value& serialized, std::string_view place);

}  // namespace leoflow::dag
