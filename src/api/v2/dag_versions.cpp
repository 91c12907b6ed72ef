#include <fmt/core.h>

#include "api/core/acceptable.hpp"
#include "api/core/dag_access.hpp"
#include "api/core/dag_rows.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kVersionTables = "dag_version v JOIN dag d ON d.dag_id = v.dag_id";

Result<Answer> get_dag_versions(Call& call, const gen::GetDagVersionsParams& params) {
  if (params.dag_id != "~") {
    if (auto known = require_dag(call.db(), params.dag_id); !known) return std::unexpected(known.error());
  }
  Select select(kVersionColumns, kVersionTables);
  select.equals("v.dag_id", params.dag_id).equals("v.bundle_name", params.bundle_name);
  select.equals("v.bundle_version", params.bundle_version);
  only_readable(select, call, "v.dag_id");
  if (params.version_number) select.where("v.version_number = ?", {*params.version_number});
  static constexpr OrderKey kVersionOrder[] = {{"id", "v.id"},
                                               {"version_number", "v.version_number"},
                                               {"bundle_name", "v.bundle_name"},
                                               {"bundle_version", "v.bundle_version"}};
  if (auto ordered = select.order(params.order_by, kVersionOrder, "v.id"); !ordered)
    return std::unexpected(ordered.error());
  gen::DAGVersionCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.dag_versions.push_back(version_from(row));
  }
  return ok(list);
}

Result<Answer> get_dag_version(Call& call, const gen::GetDagVersionParams& params) {
  const auto rows =
      call.db().query(fmt::format("SELECT {} FROM {} WHERE v.dag_id = $1 AND v.version_number = $2",
                                  kVersionColumns, kVersionTables),
                      {params.dag_id, params.version_number});
  if (rows.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("The DagVersion with dag_id: `{}` and version_number: `{}` was not found",
                            params.dag_id, params.version_number));
  }
  return ok(version_from(rows[0]));
}

/// Of the file of a DAG: whether the caller may read everything that it defines.
bool may_read_file_of(Call& call, const std::string& dag_id) {
  const ReadableDags readable(call);
  if (readable.all()) return true;
  const auto rows = call.query(
      "SELECT o.dag_id FROM dag d JOIN dag o ON o.bundle_name = d.bundle_name AND o.relative_fileloc = "
      "d.relative_fileloc WHERE d.dag_id = $1",
      {dag_id});
  for (const store::Row row : rows) {
    if (!readable.contains(row.text(0))) return false;
  }
  return true;
}

Result<Answer> get_dag_source(Call& call, const gen::GetDagSourceParams& params) {
  if (auto refused = not_acceptable(call, "text/plain")) return std::move(*refused);
  const std::string_view by_number = "v.version_number = $2";
  const std::string_view newest = "v.id = d.current_version_id";
  const std::string sql =
      fmt::format("SELECT v.source, v.version_number, d.dag_display_name FROM {} WHERE v.dag_id = $1 AND {}",
                  kVersionTables, params.version_number ? by_number : newest);
  const auto rows = params.version_number ? call.db().query(sql, {params.dag_id, *params.version_number})
                                          : call.db().query(sql, {params.dag_id});
  if (rows.empty()) {
    return fail(
        ErrorCode::not_found,
        params.version_number
            ? fmt::format("The source code of the Dag {}, version_number {} was not found", params.dag_id,
                          *params.version_number)
            : fmt::format("The source code of the Dag {}, version_number None was not found", params.dag_id));
  }
  const std::string content = may_read_file_of(call, params.dag_id)
                                  ? rows[0].text(0)
                                  : "REDACTED - you do not have read permission on all Dags in the file";
  if (call.request.header("accept").starts_with("text/plain")) {
    Answer answer;
    answer.content_type = "text/plain";
    answer.body = content;
    return answer;
  }
  gen::DAGSourceResponse source;
  source.content = content;
  source.dag_id = params.dag_id;
  source.version_number = rows[0].integer(1);
  source.dag_display_name = rows[0].text(2);
  return ok(source);
}

}  // namespace

void bind_dag_versions(Registry& registry) {
  registry.bind<op::get_dag_versions>(get_dag_versions);
  registry.bind<op::get_dag_version>(get_dag_version);
  registry.bind<op::get_dag_source>(get_dag_source);
}

}  // namespace leoflow::api
