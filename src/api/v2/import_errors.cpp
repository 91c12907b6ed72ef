#include <fmt/core.h>

#include "api/core/dag_access.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kErrorColumns = "id, created_at, filename, bundle_name, stacktrace";

gen::ImportErrorResponse error_from(store::Row row) {
  gen::ImportErrorResponse error;
  store::Reader(row) >> error.import_error_id >> error.timestamp >> error.filename >> error.bundle_name >>
      error.stack_trace;
  return error;
}

/// Leaves those of files of which the caller may read every DAG. A file that has none yet is nobody's.
void only_of_readable_files(Select& select, const Call& call) {
  const auto readable = given_ids(call, dag::Access::read);
  if (!readable) return;
  static constexpr std::string_view kOfFile =
      "EXISTS (SELECT 1 FROM dag f WHERE f.bundle_name = import_error.bundle_name AND f.relative_fileloc = "
      "import_error.filename AND f.dag_id";
  select.where_list(fmt::format("{} IN ({}))", kOfFile, readable->sql), readable->params);
  select.where_list(fmt::format("NOT {} NOT IN ({}))", kOfFile, readable->sql), readable->params);
}

Result<Answer> get_import_errors(Call& call, const gen::GetImportErrorsParams& params) {
  Select select(kErrorColumns, "import_error");
  select.pattern("filename", params.filename_pattern).prefix("filename", params.filename_prefix_pattern);
  select.equals("filename", params.filename).equals("bundle_name", params.bundle_name);
  only_of_readable_files(select, call);
  static constexpr OrderKey kErrorOrder[] = {{"id", "id"},
                                             {"import_error_id", "id"},
                                             {"timestamp", "created_at"},
                                             {"filename", "filename"},
                                             {"bundle_name", "bundle_name"},
                                             {"stacktrace", "stacktrace"},
                                             {"stack_trace", "stacktrace"}};
  if (auto ordered = select.order(params.order_by, kErrorOrder, "id"); !ordered)
    return std::unexpected(ordered.error());
  gen::ImportErrorCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.import_errors.push_back(error_from(row));
  }
  return ok(list);
}

Result<Answer> get_import_error(Call& call, const gen::GetImportErrorParams& params) {
  Select select(kErrorColumns, "import_error");
  select.where("id = ?", {params.import_error_id});
  only_of_readable_files(select, call);
  const auto rows = select.rows(call.db());
  if (rows.empty()) {
    return fail(ErrorCode::not_found, fmt::format("The ImportError with import_error_id: `{}` was not found",
                                                  params.import_error_id));
  }
  return ok(error_from(rows[0]));
}

}  // namespace

void bind_import_errors(Registry& registry) {
  registry.bind<op::get_import_errors>(get_import_errors);
  registry.bind<op::get_import_error>(get_import_error);
}

}  // namespace leoflow::api
