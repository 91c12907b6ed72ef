#include "engine/past_runs.hpp"

namespace leoflow::engine {
namespace {

constexpr std::string_view kFindRun =
    "SELECT run_id, logical_date FROM dag_run WHERE dag_id = $1 AND logical_date < $2"
    " AND ($3 = 0 OR run_type <> 'manual') ORDER BY logical_date DESC LIMIT 1";

constexpr std::string_view kCountTasks =
    "SELECT task_id, COUNT(*), COUNT(CASE WHEN state IN ('success', 'skipped') THEN 1 END)"
    " FROM task_instance WHERE dag_id = $1 AND run_id = $2 GROUP BY task_id";

constexpr std::string_view kHasTask =
    "SELECT 1 FROM task_instance t JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id"
    " WHERE t.dag_id = $1 AND t.task_id = $2 AND r.logical_date < $3 LIMIT 1";

}  // namespace

std::optional<scheduler::PastRun> PastRuns::find_run(const std::string& dag_id, Time before,
                                                     bool automated_only) {
  const store::Rows runs = session_.query(kFindRun, {dag_id, before, std::int64_t{automated_only}});
  if (runs.empty()) return std::nullopt;
  scheduler::PastRun found;
  found.logical_date = runs[0].time(1);
  for (const store::Row row : session_.query(kCountTasks, {dag_id, runs[0].text(0)})) {
    const auto all = static_cast<std::uint32_t>(row.integer(1));
    found.tasks[row.text(0)] = {all, all - static_cast<std::uint32_t>(row.integer(2))};
  }
  return found;
}

bool PastRuns::has_task(const std::string& dag_id, const std::string& task_id, Time before) {
  return !session_.query(kHasTask, {dag_id, task_id, before}).empty();
}

}  // namespace leoflow::engine
