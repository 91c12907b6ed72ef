#include <fmt/core.h>

#include "api/resources.hpp"
#include "base/time_text.hpp"

namespace leoflow::api {

namespace {

Result<Answer> dag_stats(Call& call, const gen::DagStatsParams&) {
  // The newest run of each DAG, found through the index on run_after.
  const auto rows = call.query(
      "SELECT (SELECT COUNT(*) FROM dag WHERE is_stale = 0 AND is_paused = 0), "
      "(SELECT COUNT(*) FROM dag d WHERE d.is_stale = 0 AND (SELECT r.state FROM dag_run r WHERE r.dag_id = "
      "d.dag_id "
      "ORDER BY r.run_after DESC LIMIT 1) = 'failed'), "
      "(SELECT COUNT(DISTINCT r.dag_id) FROM dag_run r JOIN dag d ON d.dag_id = r.dag_id "
      "WHERE r.state = 'running' AND d.is_stale = 0), "
      "(SELECT COUNT(DISTINCT r.dag_id) FROM dag_run r JOIN dag d ON d.dag_id = r.dag_id "
      "WHERE r.state = 'queued' AND d.is_stale = 0)");
  gen::DashboardDagStatsResponse stats;
  store::Reader(rows[0]) >> stats.active_dag_count >> stats.failed_dag_count >> stats.running_dag_count >>
      stats.queued_dag_count;
  return ok(stats);
}

void count_task(gen::TaskInstanceStateCount& counts, std::string_view state, std::int64_t count) {
  if (state.empty()) counts.no_status = count;
  if (state == "removed") counts.removed = count;
  if (state == "scheduled") counts.scheduled = count;
  if (state == "queued") counts.queued = count;
  if (state == "running") counts.running = count;
  if (state == "success") counts.success = count;
  if (state == "restarting") counts.restarting = count;
  if (state == "failed") counts.failed = count;
  if (state == "up_for_retry") counts.up_for_retry = count;
  if (state == "up_for_reschedule") counts.up_for_reschedule = count;
  if (state == "upstream_failed") counts.upstream_failed = count;
  if (state == "skipped") counts.skipped = count;
  if (state == "deferred") counts.deferred = count;
  if (state == "awaiting_input") counts.awaiting_input = count;
}

void count_run(gen::DAGRunStates& counts, std::string_view state, std::int64_t count) {
  if (state == "queued") counts.queued = count;
  if (state == "running") counts.running = count;
  if (state == "success") counts.success = count;
  if (state == "failed") counts.failed = count;
}

Result<Answer> historical_metrics(Call& call, const gen::HistoricalMetricsParams& params) {
  const auto start = parse_iso(params.start_date, true);
  const auto end = params.end_date ? parse_iso(*params.end_date, true) : std::optional(call.now());
  if (!start || !end) {
    return fail(ErrorCode::invalid,
                fmt::format("Invalid datetime: '{}'. Please check the date parameter have this value.",
                            !start ? params.start_date : *params.end_date));
  }
  gen::HistoricalMetricDataResponse metrics;
  // Runs that have not started count from now, as in Airflow.
  for (const store::Row row :
       call.query("SELECT state, COUNT(*) FROM dag_run WHERE ((start_date >= $1 AND start_date <= $2) OR "
                  "(start_date IS NULL AND state IN ('queued', 'running'))) GROUP BY state",
                  {*start, *end})) {
    count_run(metrics.dag_run_states, row.text(0), row.integer(1));
  }
  for (const store::Row row : call.query("SELECT t.state, COUNT(*) FROM task_instance t JOIN dag_run r ON "
                                         "r.dag_id = t.dag_id AND r.run_id = t.run_id "
                                         "WHERE r.start_date >= $1 AND r.start_date <= $2 GROUP BY t.state",
                                         {*start, *end})) {
    count_task(metrics.task_instance_states, row.find_text(0).value_or(""), row.integer(1));
  }
  return ok(metrics);
}

}  // namespace

void bind_ui_dashboard(Registry& registry) {
  registry.bind<op::dag_stats>(dag_stats);
  registry.bind<op::historical_metrics>(historical_metrics);
}

}  // namespace leoflow::api
