#include <fmt/core.h>

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

Result<Answer> get_import_errors(Call& call, const gen::GetImportErrorsParams& params) {
  Select select(kErrorColumns, "import_error");
  select.pattern("filename", params.filename_pattern).prefix("filename", params.filename_prefix_pattern);
  select.equals("filename", params.filename).equals("bundle_name", params.bundle_name);
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
  const auto rows = call.db().query(fmt::format("SELECT {} FROM import_error WHERE id = $1", kErrorColumns),
                                    {params.import_error_id});
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
