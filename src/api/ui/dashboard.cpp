#include <fmt/core.h>
#include <numeric>

#include "api/core/dag_access.hpp"
#include "api/core/select.hpp"
#include "api/core/task_counts.hpp"
#include "api/resources.hpp"
#include "base/time_text.hpp"

namespace leoflow::api {

namespace {

// The condition is the one of the index dag_run_active, so that it serves.
void count_active(Call& call, gen::DashboardDagStatsResponse& stats) {
  Select select("r.state, COUNT(DISTINCT r.dag_id)", "dag_run r JOIN dag d ON d.dag_id = r.dag_id");
  select.where("r.state IN ('queued', 'running')").where("d.is_stale = 0");
  only_readable(select, call, "r.dag_id");
  for (const store::Row row : select.group("r.state").rows(call.db())) {
    (row.text(0) == "running" ? stats.running_dag_count : stats.queued_dag_count) = row.integer(1);
  }
}

Result<Answer> dag_stats(Call& call, const gen::DagStatsParams&) {
  // As in Airflow, a DAG failed if its run of the latest date did.
  Select select(
      "SUM(CASE WHEN d.is_paused = 0 THEN 1 ELSE 0 END), SUM(CASE WHEN r.state = 'failed' THEN 1 ELSE 0 END)",
      "dag d LEFT JOIN dag_run r ON r.id = d.latest_dated_run");
  select.where("d.is_stale = 0");
  only_readable(select, call, "d.dag_id");
  const auto rows = select.rows(call.db());
  gen::DashboardDagStatsResponse stats;
  stats.active_dag_count = rows[0].find_integer(0).value_or(0);
  stats.failed_dag_count = rows[0].find_integer(1).value_or(0);
  count_active(call, stats);
  return ok(stats);
}

void show_counts(gen::TaskInstanceStateCount& out, const TaskCounts& counts) {
  const auto of = [&](dag::TaskState state) { return counts[static_cast<std::size_t>(state)]; };
  out.no_status = of(dag::TaskState::none);
  out.removed = of(dag::TaskState::removed);
  out.scheduled = of(dag::TaskState::scheduled);
  out.queued = of(dag::TaskState::queued);
  out.running = of(dag::TaskState::running);
  out.success = of(dag::TaskState::success);
  out.restarting = of(dag::TaskState::restarting);
  out.failed = of(dag::TaskState::failed);
  out.up_for_retry = of(dag::TaskState::up_for_retry);
  out.up_for_reschedule = of(dag::TaskState::up_for_reschedule);
  out.upstream_failed = of(dag::TaskState::upstream_failed);
  out.skipped = of(dag::TaskState::skipped);
  out.deferred = of(dag::TaskState::deferred);
  out.awaiting_input = of(dag::TaskState::awaiting_input);
}

void count_run(gen::DAGRunStates& counts, std::string_view state, std::int64_t count) {
  if (state == "queued") counts.queued = count;
  if (state == "running") counts.running = count;
  if (state == "success") counts.success = count;
  if (state == "failed") counts.failed = count;
}

/// Two digits, never more than there are.
template <typename Count>
Count rounded_down(Count count) {
  Count unit = 1;
  while (count / unit >= 100) unit *= 10;
  return count / unit * unit;
}

/// As in Airflow no more runs are read than can be counted soon.
void count_runs(Call& call, Time start, Time end, gen::HistoricalMetricDataResponse& metrics) {
  Select runs("r.state AS state", "dag_run r");
  runs.where("r.run_after >= ?", {start}).where("r.run_after <= ?", {end});
  only_readable(runs, call, "r.dag_id");
  const auto rows = call.db().query(
      fmt::format("SELECT state, COUNT(*) FROM (SELECT r.state AS state FROM dag_run r{} LIMIT {}) counted "
                  "GROUP BY state",
                  runs.conditions(), kMostCounted + 1),
      runs.params());
  std::int64_t total = 0;
  for (const store::Row row : rows) total += row.integer(1);
  metrics.dag_run_counts_are_lower_bounds = total > kMostCounted;
  for (const store::Row row : rows) {
    const std::int64_t count = row.integer(1);
    count_run(metrics.dag_run_states, row.text(0),
              metrics.dag_run_counts_are_lower_bounds ? rounded_down(count) : count);
  }
}

void count_tasks(Call& call, Time start, Time end, gen::HistoricalMetricDataResponse& metrics) {
  TaskCounts counts = count_tasks_of_runs(call, start, end);
  metrics.task_instance_counts_are_lower_bounds =
      std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) > kMostCounted;
  if (metrics.task_instance_counts_are_lower_bounds)
    for (std::int32_t& count : counts) count = rounded_down(count);
  show_counts(metrics.task_instance_states, counts);
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
  count_runs(call, *start, *end, metrics);
  count_tasks(call, *start, *end, metrics);
  return ok(metrics);
}

}  // namespace

void bind_ui_dashboard(Registry& registry) {
  registry.bind<op::dag_stats>(dag_stats);
  registry.bind<op::historical_metrics>(historical_metrics);
}

}  // namespace leoflow::api
