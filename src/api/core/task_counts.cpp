#include "api/core/task_counts.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <numeric>
#include <span>
#include <vector>

#include "api/core/dag_access.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/select.hpp"
#include "engine/stored_states.hpp"

namespace leoflow::api {
namespace {

/// So many runs are looked at together; those that are not known are counted by statements with fewer
/// arguments.
constexpr std::int64_t kRunsAtOnce = 2'000;
constexpr std::size_t kRunsCounted = 200;

std::vector<RunStamp> find_runs(Call& call, Time start, Time end, std::int64_t offset) {
  std::vector<RunStamp> runs;
  // The order is that of an index.
  Select select(RunStamp::kColumns, "dag_run r");
  select.where("r.run_after >= ?", {start}).where("r.run_after <= ?", {end});
  only_readable(select, call, "r.dag_id");
  select.order_sql("r.run_after, r.state").part(kRunsAtOnce, offset);
  for (const store::Row row : select.rows(call.db())) {
    runs.push_back(RunStamp::read(row));
  }
  return runs;
}

std::int64_t sum(const TaskCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Adds no more than may still be counted.
void add(TaskCounts& total, const TaskCounts& more) {
  std::int64_t room = kMostCounted + 1 - sum(total);
  for (std::size_t state = 0; state < more.size(); ++state) {
    const std::int64_t added = std::min<std::int64_t>(more[state], room);
    total[state] += static_cast<std::int32_t>(added);
    room -= added;
  }
}

/// Counts the task instances of these runs, and remembers those of finished ones.
void count(Call& call, std::span<const RunStamp> runs, TaskCounts& total) {
  store::Params ids;
  for (const RunStamp& run : runs) ids.emplace_back(run.id);
  const std::string sql = fmt::format(
      "SELECT id, state, COUNT(*) FROM (SELECT r.id AS id, t.state AS state FROM dag_run r "
      "JOIN task_instance t ON t.dag_id = r.dag_id AND t.run_id = r.run_id WHERE r.id IN ({}) LIMIT {}) "
      "counted "
      "GROUP BY id, state",
      placeholders(ids.size()), kMostCounted + 1);
  std::map<std::int64_t, TaskCounts> by_run;
  std::int64_t counted = 0;
  for (const store::Row row : call.db().query(sql, ids)) {
    const auto place = static_cast<std::size_t>(engine::stored_task_state(row, 1));
    by_run[row.integer(0)][place] += static_cast<std::int32_t>(row.integer(2));
    counted += row.integer(2);
  }
  for (const RunStamp& run : runs) {
    add(total, by_run[run.id]);
    if (counted <= kMostCounted) call.api.runs.keep_counts(run, by_run[run.id]);
  }
}

}  // namespace

TaskCounts count_tasks_of_runs(Call& call, Time start, Time end) {
  TaskCounts total{};
  for (std::int64_t offset = 0; sum(total) <= kMostCounted; offset += kRunsAtOnce) {
    const std::vector<RunStamp> runs = find_runs(call, start, end, offset);
    std::vector<RunStamp> unknown;
    for (const RunStamp& run : runs) {
      if (const auto counts = call.api.runs.find_counts(run)) {
        add(total, *counts);
      } else {
        unknown.push_back(run);
      }
    }
    for (std::span<const RunStamp> left = unknown; !left.empty() && sum(total) <= kMostCounted;) {
      const auto some = left.first(std::min(left.size(), kRunsCounted));
      left = left.subspan(some.size());
      count(call, some, total);
    }
    if (std::ssize(runs) < kRunsAtOnce) break;
  }
  return total;
}

}  // namespace leoflow::api
