#include "engine/projects.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace leoflow::engine {

namespace {

DagFiles::Place place_in(const std::string& project, const std::string& dag_version) {
  return {.bundle_name = project, .bundle_path = std::string(kProjectFolder), .bundle_version = dag_version};
}

}  // namespace

void Projects::load(store::Session& session) {
  for (const store::Row row :
       session.query("SELECT project, dag_version, content_hash, image FROM project_version"))
    versions_[row.text(0)][row.text(1)] = {row.text(2), row.find_text(3)};
  for (const store::Row row :
       session.query("SELECT p.project, p.dag_version FROM project p JOIN project_version v"
                     " ON v.project = p.project AND v.dag_version = p.dag_version"
                     " WHERE v.image IS NOT NULL ORDER BY p.chosen_at DESC LIMIT 1"))
    newest_ = place_in(row.text(0), row.text(1));
}

const Projects::Version* Projects::find(const std::string& project, const std::string& dag_version) const {
  const auto versions = versions_.find(project);
  if (versions == versions_.end()) return nullptr;
  const auto version = versions->second.find(dag_version);
  return version == versions->second.end() ? nullptr : &version->second;
}

PythonHome Projects::home_of(const DagFiles::Place& place) const {
  PythonHome out{place.bundle_name, place.bundle_path, place.bundle_version, std::nullopt};
  if (place.bundle_version) {
    if (const Version* version = find(place.bundle_name, *place.bundle_version)) out.image = version->image;
  }
  return out;
}

PythonHome Projects::newest_home() const {
  return newest_ ? home_of(*newest_) : PythonHome{};
}

std::string Projects::label_of(const dag::Artifact& artifact, const std::string& content_hash) const {
  const auto versions = versions_.find(artifact.project);
  if (versions == versions_.end()) return artifact.dag_version;
  for (const auto& [label, version] : versions->second) {
    if (version.content_hash == content_hash) return label;
  }
  return artifact.dag_version;
}

Result<RegisteredVersion> Projects::add(const dag::Artifact& artifact, const std::string& content_hash) {
  const std::string label = label_of(artifact, content_hash);
  const auto [at, is_new] =
      versions_[artifact.project].try_emplace(label, Version{content_hash, artifact.image});
  if (at->second.content_hash == content_hash) {
    if (at->second.image) newest_ = place_in(artifact.project, label);
    return RegisteredVersion{label, is_new};
  }
  return fail(ErrorCode::conflict,
              fmt::format("version '{}' of project '{}' has other content ({}); give this one another "
                          "label (--dag-version)",
                          artifact.dag_version, artifact.project, at->second.content_hash));
}

void write_project_version(store::Session& session, const dag::Artifact& artifact,
                           const RegisteredVersion& registered, const std::optional<std::string>& user,
                           Time now) {
  // Whatever is new in memory: an earlier write may have been refused.
  session.execute(
      "INSERT INTO project_version (project, dag_version, content_hash, image, python_version, document,"
      " created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
      {artifact.project, registered.dag_version, artifact.content_hash(), artifact.image,
       artifact.python_version, artifact.text(), now, user});
  session.execute(
      "INSERT INTO project (project, dag_version, chosen_at, chosen_by) VALUES ($1, $2, $3, $4)"
      " ON CONFLICT (project) DO UPDATE SET dag_version = excluded.dag_version,"
      " chosen_at = excluded.chosen_at, chosen_by = excluded.chosen_by",
      {artifact.project, registered.dag_version, now, user});
}

std::vector<ParsedFile> parsed_files(const dag::Artifact& artifact, const std::string& dag_version,
                                     const std::string& content_hash) {
  std::vector<ParsedFile> out;
  for (const dag::FrozenDag& dag : artifact.dags) {
    auto file = std::ranges::find(out, dag.relative_fileloc, &ParsedFile::relative_fileloc);
    if (file == out.end()) {
      file = out.insert(file, ParsedFile{.bundle_name = artifact.project,
                                         .bundle_path = std::string(kProjectFolder),
                                         .bundle_version = dag_version,
                                         .relative_fileloc = dag.relative_fileloc,
                                         .content_hash = content_hash,
                                         .source = dag.source});
    }
    file->serialized_dags.push_back(dag.serialized);
  }
  return out;
}

}  // namespace leoflow::engine
