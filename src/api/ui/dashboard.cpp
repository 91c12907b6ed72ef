#include <fmt/core.h>
#include <map>

#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "base/time_text.hpp"

namespace leoflow::api {

namespace {

// The condition is the one of the index dag_run_active, so that it serves.
void count_active(Call& call, gen::DashboardDagStatsResponse& stats) {
  for (const store::Row row :
       call.query("SELECT r.state, COUNT(DISTINCT r.dag_id) FROM dag_run r JOIN dag d ON d.dag_id = r.dag_id "
                  "WHERE r.state IN ('queued', 'running') AND d.is_stale = 0 GROUP BY r.state")) {
    (row.text(0) == "running" ? stats.running_dag_count : stats.queued_dag_count) = row.integer(1);
  }
}

Result<Answer> dag_stats(Call& call, const gen::DagStatsParams&) {
  // The newest run of each DAG is found in an index.
  const auto rows = call.query(
      "SELECT SUM(CASE WHEN is_paused = 0 THEN 1 ELSE 0 END), SUM(CASE WHEN last = 'failed' THEN 1 ELSE 0 "
      "END) "
      "FROM (SELECT d.is_paused, (SELECT r.state FROM dag_run r WHERE r.dag_id = d.dag_id "
      "ORDER BY r.run_after DESC LIMIT 1) AS last FROM dag d WHERE d.is_stale = 0) latest");
  gen::DashboardDagStatsResponse stats;
  stats.active_dag_count = rows[0].find_integer(0).value_or(0);
  stats.failed_dag_count = rows[0].find_integer(1).value_or(0);
  count_active(call, stats);
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

/// How many there are in each state.
struct Counts {
  std::map<std::string, std::int64_t> by_state;
  bool lower_bounds = false;  ///< there are more, but no more were looked at
};

/// Two digits, never more than there are.
std::int64_t rounded_down(std::int64_t count) {
  std::int64_t unit = 1;
  while (count / unit >= 100) unit *= 10;
  return count / unit * unit;
}

/// Of runs in a time, or of their task instances. As in Airflow no more rows are read than can be counted
/// soon.
Counts count_states(Call& call, std::string_view state, std::string_view tables, Time start, Time end) {
  Counts counts;
  std::int64_t total = 0;
  for (const store::Row row : call.query(
           fmt::format("SELECT state, COUNT(*) FROM (SELECT {} AS state FROM {} WHERE r.run_after >= $1 "
                       "AND r.run_after <= $2 LIMIT {}) counted GROUP BY state",
                       state, tables, kMostCounted + 1),
           {start, end})) {
    counts.by_state[row.find_text(0).value_or("")] = row.integer(1);
    total += row.integer(1);
  }
  counts.lower_bounds = total > kMostCounted;
  if (counts.lower_bounds)
    for (auto& [name, count] : counts.by_state) count = rounded_down(count);
  return counts;
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
  const Counts runs = count_states(call, "r.state", "dag_run r", *start, *end);
  for (const auto& [state, count] : runs.by_state) count_run(metrics.dag_run_states, state, count);
  metrics.dag_run_counts_are_lower_bounds = runs.lower_bounds;
  const Counts tasks = count_states(
      call, "t.state", "dag_run r JOIN task_instance t ON t.dag_id = r.dag_id AND t.run_id = r.run_id",
      *start, *end);
  for (const auto& [state, count] : tasks.by_state) count_task(metrics.task_instance_states, state, count);
  metrics.task_instance_counts_are_lower_bounds = tasks.lower_bounds;
  return ok(metrics);
}

}  // namespace

void bind_ui_dashboard(Registry& registry) {
  registry.bind<op::dag_stats>(dag_stats);
  registry.bind<op::historical_metrics>(historical_metrics);
}

}  // namespace leoflow::api
