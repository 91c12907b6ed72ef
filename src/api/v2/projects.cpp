#include <fmt/core.h>

#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "dag/artifact.hpp"

namespace leoflow::api {

namespace {

/// Bytes. A thousand large DAGs have a tenth of it.
constexpr std::size_t kMostArtifact = 32 * 1024 * 1024;

constexpr std::string_view kProjectVersionColumns =
    "v.project, v.dag_version, v.content_hash, v.image, v.python_version, v.created_at, v.created_by,"
    " CASE WHEN p.dag_version = v.dag_version THEN 1 ELSE 0 END";
constexpr std::string_view kProjectVersionTables =
    "project_version v JOIN project p ON p.project = v.project";

gen::ProjectVersionResponse version_from(store::Row row) {
  gen::ProjectVersionResponse out;
  store::Reader(row) >> out.project >> out.dag_version >> out.content_hash >> out.image >>
      out.python_version >> out.created_at >> out.created_by >> out.is_current;
  return out;
}

std::unexpected<Error> no_project(const std::string& project) {
  return fail(ErrorCode::not_found, fmt::format("The project `{}` was not found", project));
}

std::unexpected<Error> no_version(const std::string& project, const std::string& dag_version) {
  return fail(ErrorCode::not_found,
              fmt::format("The project `{}` has no version `{}`", project, dag_version));
}

Result<Answer> answer_with_version(Call& call, const std::string& project, const std::string& dag_version,
                                   int status) {
  Select select(kProjectVersionColumns, kProjectVersionTables);
  select.equals("v.project", project).equals("v.dag_version", dag_version);
  const auto rows = select.rows(call.db());
  if (rows.empty()) return no_version(project, dag_version);
  return ok(version_from(rows[0]), status);
}

Result<Answer> register_artifact(Call& call, std::string_view text) {
  auto artifact = dag::Artifact::read(text);
  if (!artifact) return std::unexpected(artifact.error());
  const std::string project = artifact->project;
  const auto registered = call.api.commands.register_project({std::move(*artifact), call.user.subject});
  if (!registered) return std::unexpected(registered.error());
  // Who asks for what is installed is told of the version that was pushed last.
  call.api.catalog.forget();
  call.api.plugins.forget();
  return answer_with_version(call, project, registered->dag_version, registered->is_new ? 201 : 200);
}

Result<Answer> register_project(Call& call) {
  if (call.request.body.size() > kMostArtifact) {
    Answer answer = http::error_response(413, fmt::format("the artifact has {} bytes; {} are the most",
                                                          call.request.body.size(), kMostArtifact));
    return answer;
  }
  return register_artifact(call, call.request.body);
}

/// Nothing if there is no such version.
std::optional<std::string> document_of(Call& call, const std::string& project,
                                       const std::string& dag_version) {
  const auto rows = call.query("SELECT document FROM project_version WHERE project = $1 AND dag_version = $2",
                               {project, dag_version});
  return rows.empty() ? std::nullopt : std::optional(rows[0].text(0));
}

Result<Answer> patch_project(Call& call, const gen::PatchProjectParams& params, gen::ProjectPatchBody& body) {
  const auto document = document_of(call, params.project, body.dag_version);
  if (!document) return no_version(params.project, body.dag_version);
  return register_artifact(call, *document);
}

Result<Answer> get_projects(Call& call, const gen::GetProjectsParams& params) {
  Select select("p.project, p.dag_version, p.chosen_at, p.chosen_by", "project p");
  select.order_sql("p.project");
  gen::ProjectCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    gen::ProjectResponse& project = list.projects.emplace_back();
    store::Reader(row) >> project.project >> project.dag_version >> project.chosen_at >> project.chosen_by;
  }
  return ok(list);
}

Result<Answer> get_project_versions(Call& call, const gen::GetProjectVersionsParams& params) {
  if (call.query("SELECT 1 FROM project WHERE project = $1", {params.project}).empty())
    return no_project(params.project);
  Select select(kProjectVersionColumns, kProjectVersionTables);
  select.equals("v.project", params.project).order_sql("v.created_at DESC, v.dag_version");
  gen::ProjectVersionCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db()))
    list.versions.push_back(version_from(row));
  return ok(list);
}

Result<Answer> get_project_version(Call& call, const gen::GetProjectVersionParams& params) {
  auto document = document_of(call, params.project, params.dag_version);
  if (!document) return no_version(params.project, params.dag_version);
  Answer answer;
  answer.body = std::move(*document);
  return answer;
}

}  // namespace

void bind_projects(Registry& registry) {
  registry.bind<op::get_projects>(get_projects);
  registry.bind_raw<op::register_project>(register_project);
  registry.bind<op::patch_project>(patch_project);
  registry.bind<op::get_project_versions>(get_project_versions);
  registry.bind<op::get_project_version>(get_project_version);
}

}  // namespace leoflow::api
