#include "api/core/try_rows.hpp"

#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_definitions.hpp"

namespace leoflow::api {
namespace {

// Columns that the instance and its past tries share.
constexpr std::string_view kTryRowsColumns =
    "t.task_id, t.dag_id, t.run_id, t.map_index, t.start_date, t.end_date, t.state, t.try_number, "
    "t.max_tries, "
    "t.task_display_name, d.dag_display_name, t.hostname, t.unixname, t.pool, t.pool_slots, t.queue, "
    "t.priority_weight, t.operator, t.queued_at, t.scheduled_at, t.pid, t.executor, "
    "v.id, v.version_number, v.dag_id, v.bundle_name, v.bundle_version, v.created_at, d.dag_display_name";

gen::TaskInstanceHistoryResponse try_from(store::Row row) {
  gen::TaskInstanceHistoryResponse attempt;
  std::string queue;
  std::string operator_name;
  std::int64_t weight = 0;
  store::Reader in(row);
  in >> attempt.task_id >> attempt.dag_id >> attempt.dag_run_id >> attempt.map_index >> attempt.start_date;
  in >> attempt.end_date >> attempt.state >> attempt.try_number >> attempt.max_tries >>
      attempt.task_display_name;
  in >> attempt.dag_display_name >> attempt.hostname >> attempt.unixname >> attempt.pool >>
      attempt.pool_slots;
  in >> queue >> weight >> operator_name >> attempt.queued_when >> attempt.scheduled_when >> attempt.pid;
  in >> attempt.executor;
  attempt.queue = queue;
  attempt.priority_weight = weight;
  if (!attempt.hostname) attempt.hostname = "";
  if (!attempt.unixname) attempt.unixname = server_user();
  attempt.operator_ = operator_name;
  attempt.operator_name = operator_name;
  attempt.executor_config = "{}";
  attempt.duration = seconds_between(attempt.start_date, attempt.end_date);
  if (!row.is_null(22)) attempt.dag_version = version_from(row, 22);
  return attempt;
}

}  // namespace

std::vector<gen::TaskInstanceHistoryResponse> read_tries(Call& call, const std::string& dag_id,
                                                         const std::string& run_id,
                                                         const std::string& task_id, std::int64_t map_index) {
  const auto half = [](std::string_view table, std::string_view extra) {
    return fmt::format(
        "SELECT {} FROM {} t JOIN dag d ON d.dag_id = t.dag_id LEFT JOIN dag_version v ON v.id = "
        "t.dag_version_id "
        "WHERE t.dag_id = $1 AND t.run_id = $2 AND t.task_id = $3 AND t.map_index = $4{}",
        kTryRowsColumns, table, extra);
  };
  // An instance that waits for its retry is in the history already.
  const std::string now = half("task_instance", " AND (t.state IS NULL OR t.state <> 'up_for_retry')");
  std::vector<gen::TaskInstanceHistoryResponse> tries;
  for (const store::Row row : call.db().query(half("task_instance_history", "") + " ORDER BY t.try_number",
                                              {dag_id, run_id, task_id, map_index})) {
    tries.push_back(try_from(row));
  }
  for (const store::Row row : call.db().query(now, {dag_id, run_id, task_id, map_index})) {
    auto latest = try_from(row);
    const bool known = !tries.empty() && tries.back().try_number == latest.try_number;
    if (!known) tries.push_back(std::move(latest));
  }
  show_definitions(call, tries);
  return tries;
}

}  // namespace leoflow::api
