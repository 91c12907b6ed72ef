#include <algorithm>
#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/resources.hpp"
#include "base/time_text.hpp"

namespace leoflow::api {

namespace {

Result<Answer> get_gantt_data(Call& call, const gen::GetGanttDataParams& params) {
  gen::GanttResponse gantt;
  gantt.dag_id = params.dag_id;
  gantt.run_id = params.run_id;
  for (const store::Row row :
       call.query("SELECT task_id, task_display_name, try_number, state, scheduled_at, queued_at, "
                  "start_date, end_date FROM ("
                  "SELECT task_id, task_display_name, try_number, state, scheduled_at, queued_at, "
                  "start_date, end_date "
                  "FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND map_index = -1 "
                  "AND (state IS NULL OR state <> 'up_for_retry') UNION ALL "
                  "SELECT task_id, task_display_name, try_number, state, scheduled_at, queued_at, "
                  "start_date, end_date "
                  "FROM task_instance_history WHERE dag_id = $1 AND run_id = $2 AND map_index = -1) tries "
                  "ORDER BY task_id, try_number",
                  {params.dag_id, params.run_id})) {
    auto& task = gantt.task_instances.emplace_back();
    store::Reader(row) >> task.task_id >> task.task_display_name >> task.try_number >> task.state >>
        task.scheduled_dttm >> task.queued_dttm >> task.start_date >> task.end_date;
  }
  if (gantt.task_instances.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("No task instances for dag_id={} run_id={}", params.dag_id, params.run_id));
  }
  return ok(gantt);
}

/// The value below which the share `part` lies, between neighbours in proportion.
double percentile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// How long the DAG's finished runs took, so that one run can be compared.
Result<Answer> get_dag_run_stats(Call& call, const gen::GetDagRunStatsParams& params) {
  if (auto known = require_run(call.db(), params.dag_id, params.dag_run_id); !known) {
    return std::unexpected(known.error());
  }
  std::vector<double> seconds;
  for (const store::Row row : call.query(
           "SELECT end_date - start_date FROM dag_run WHERE dag_id = $1 AND state IN ('success', 'failed') "
           "AND start_date IS NOT NULL AND end_date IS NOT NULL ORDER BY run_after DESC LIMIT 100",
           {params.dag_id})) {
    seconds.push_back(static_cast<double>(row.integer(0)) / 1e6);
  }
  gen::DagRunStatsResponse stats;
  if (!seconds.empty()) {
    std::sort(seconds.begin(), seconds.end());
    auto& duration = stats.duration.emplace();
    double sum = 0;
    for (const double value : seconds) sum += value;
    duration.mean = sum / static_cast<double>(seconds.size());
    duration.p50 = percentile(seconds, 0.5);
    duration.p90 = percentile(seconds, 0.9);
    duration.p95 = percentile(seconds, 0.95);
    duration.p99 = percentile(seconds, 0.99);
  }
  return ok(stats);
}

}  // namespace

void bind_ui_runs(Registry& registry) {
  registry.bind<op::get_gantt_data>(get_gantt_data);
  registry.bind<op::get_dag_run_stats>(get_dag_run_stats);
}

}  // namespace leoflow::api
