#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/call.hpp"
#include "api/core/select.hpp"
#include "gen/types.hpp"

/// Reading of DAG run and task instance rows, shared by lists and details.
namespace leoflow::api {

/// Columns and tables for run_from(): dag_run r, dag d, dag_version v.
extern const std::string_view kRunColumns;
extern const std::string_view kRunTables;
gen::DAGRunResponse run_from(store::Row row);

/// Errors: not_found in Airflow's words.
Result<gen::DAGRunResponse> read_run(store::Session& session, std::string_view dag_id,
                                     std::string_view run_id);
Result<void> require_run(store::Session& session, std::string_view dag_id, std::string_view run_id);

/// Columns and tables for task_from(): task_instance t, dag_run r, dag d, dag_version v, rendered_fields f,
/// deferral p. The executor_config is not in them: see executor_config.hpp.
extern const std::string_view kTaskColumns;
extern const std::string_view kTaskTables;
gen::TaskInstanceResponse task_from(store::Row row);

/// Whose tasks these are, until a worker tells.
const std::string& server_user();

/// Seconds, if both ends are known.
std::optional<double> seconds_between(const std::optional<Time>& start, const std::optional<Time>& end);

/// A page of a list that can be walked by `cursor` or by `offset`.
struct Page {
  std::int64_t limit;
  std::int64_t offset;
  bool by_cursor = false;

  /// Errors: invalid (not a cursor of ours).
  static Result<Page> from(std::int64_t limit, std::int64_t offset, const std::optional<std::string>& cursor);

  /// Fills total_entries, and for a walk by cursor those of the neighbouring pages. There Airflow counts no
  /// further than a limit, which it tells.
  template <typename List>
  void finish(List& list, std::int64_t total) const {
    constexpr std::int64_t kMostCounted = 50'000;
    list.total_entries = by_cursor ? std::min(total, kMostCounted) : total;
    if (!by_cursor) return;
    list.total_entries_limit = kMostCounted;
    if (offset < total - limit) list.next_cursor = cursor_at(offset + limit);
    if (offset > 0) list.previous_cursor = cursor_at(std::max<std::int64_t>(offset - limit, 0));
  }

 private:
  static std::string cursor_at(std::int64_t offset);
};

}  // namespace leoflow::api
