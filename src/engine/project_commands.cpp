#include <fmt/format.h>

#include "engine/waiting.hpp"

// What people do to pushed projects.
namespace leoflow::engine {

Result<RegisteredVersion> Engine::register_project(RegisterProject command) {
  const auto kept = std::make_shared<const RegisterProject>(std::move(command));
  const std::string hash = kept->artifact.content_hash();
  const auto registered = std::make_shared<RegisteredVersion>();
  const auto writings = std::make_shared<std::vector<std::function<void(store::Session&)>>>();
  const auto decide = [this, kept, hash, registered, writings](Deciding& d) -> Result<RegisteredVersion> {
    const dag::Artifact& artifact = kept->artifact;
    std::vector<ParsedFile> files = parsed_files(artifact, projects_.label_of(artifact, hash), hash);
    for (const ParsedFile& file : files) {
      for (const json::value& serialized : file.serialized_dags) {
        if (auto fine = dag_files_.read(d, file, serialized); !fine) return std::unexpected(fine.error());
      }
    }
    auto added = projects_.add(artifact, hash);
    if (!added) return added;
    *registered = *added;
    std::set<std::string> gone = dag_files_.files_of(artifact.project);
    for (ParsedFile& file : files) {
      gone.erase(file.relative_fileloc);
      writings->push_back(dag_files_.put(d, std::move(file)));
    }
    for (const std::string& file : gone) writings->push_back(dag_files_.remove(d, artifact.project, file));
    return added;
  };
  return call<RegisteredVersion>(decide, [this, kept, registered, writings](store::Session& session) {
    for (const auto& write : *writings) write(session);
    write_project_version(session, kept->artifact, *registered, kept->user, pass_time_);
  });
}

}  // namespace leoflow::engine
