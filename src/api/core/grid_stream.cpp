#include "api/core/grid_stream.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "api/core/dag_rows.hpp"

namespace leoflow::api {
namespace {

/// So many squares are in memory at once, unless a single run has more.
constexpr std::size_t kMostSquares = 20'000;

/// No more runs than a statement may reasonably have arguments.
constexpr std::size_t kMostRuns = 200;

}  // namespace

void GridStream::write(std::span<const std::string> run_ids, std::string& out) {
  for (std::size_t first = 0; first < run_ids.size(); first += kMostRuns) {
    auto found = find(run_ids.subspan(first, std::min(kMostRuns, run_ids.size() - first)));
    std::span<ShownRun> left = found;
    while (!left.empty()) {
      const std::size_t squares = std::max<std::size_t>(left.front().summary.size(), 1);
      const auto some = left.first(std::clamp<std::size_t>(kMostSquares / squares, 1, left.size()));
      left = left.subspan(some.size());
      sum_up(some);
      for (ShownRun& run : some) write_line(run, out);
    }
  }
}

void GridStream::write_line(ShownRun& run, std::string& out) {
  const auto [line, is_new] = lines_.try_emplace(run.id, out.size(), 0);
  auto& [begin, size] = line->second;
  if (!is_new) {
    out.append(out, begin, size);
    return;
  }
  run.summary.write(dag_id_, run.run_id, out);
  size = out.size() - begin;
}

std::vector<GridStream::ShownRun> GridStream::find(std::span<const std::string> run_ids) {
  store::Params params{dag_id_};
  params.insert(params.end(), run_ids.begin(), run_ids.end());
  const auto rows = call_.db().query(
      fmt::format("SELECT run_id, id, dag_version_id FROM dag_run WHERE dag_id = $1 AND run_id IN ({})",
                  placeholders(run_ids.size(), 2)),
      params);
  std::map<std::string_view, store::Row> by_run_id;
  for (const store::Row row : rows) by_run_id.emplace(row.text(0), row);
  std::vector<ShownRun> found;
  for (const std::string& run_id : run_ids) {
    const auto known = by_run_id.find(run_id);
    if (known == by_run_id.end()) continue;
    const std::string& version_id = known->second.text(2);
    found.push_back(
        {run_id, known->second.integer(1), number_of(version_id), RunSummary(order_of(version_id))});
  }
  return found;
}

void GridStream::sum_up(std::span<ShownRun> runs) {
  store::Params ids;
  std::map<std::int64_t, ShownRun*> by_id;
  for (ShownRun& run : runs) {
    if (by_id.emplace(run.id, &run).second) ids.emplace_back(run.id);
  }
  // The version is that of the run nearly always; then its long id need not be read.
  const std::string sql = fmt::format(
      "SELECT r.id, t.task_id, t.state, t.start_date, t.end_date, CASE WHEN t.note IS NULL THEN 0 ELSE 1 "
      "END, "
      "CASE WHEN t.dag_version_id = r.dag_version_id THEN NULL ELSE t.dag_version_id END "
      "FROM dag_run r JOIN task_instance t ON t.dag_id = r.dag_id AND t.run_id = r.run_id WHERE r.id IN ({})",
      placeholders(ids.size()));
  ShownRun* run = runs.data();  // the one of the row before: those of a run come together
  for (const store::Row row : call_.db().query(sql, ids)) {
    if (const std::int64_t id = row.integer(0); run->id != id) run = by_id.at(id);
    NodeSummary instance;
    const auto state = row.is_null(2) ? dag::TaskState::none : dag::parse_task_state(row.text(2));
    instance.counts[static_cast<std::size_t>(state.value_or(dag::TaskState::none))] = 1;
    instance.start = row.find_time(3);
    instance.end = row.find_time(4);
    instance.has_note = row.integer(5) != 0;
    instance.version_number = row.is_null(6) ? run->version_number : number_of(row.text(6));
    run->summary.add(row.text(1), instance);
  }
}

const GridOrder& GridStream::order_of(const std::string& version_id) {
  const auto known = orders_.find(version_id);
  if (known != orders_.end()) return known->second;
  auto dag = call_.api.dags.by_version_id(call_.db(), version_id);
  if (!dag) dag = call_.api.dags.current(call_.db(), dag_id_);
  static const DagView kNothing("{}");
  return orders_.try_emplace(version_id, dag ? *dag : kNothing).first->second;
}

std::optional<std::int64_t> GridStream::number_of(const std::string& version_id) {
  const auto known = numbers_.find(version_id);
  if (known != numbers_.end()) return known->second;
  const auto rows = call_.query("SELECT version_number FROM dag_version WHERE id = $1", {version_id});
  const auto number = rows.empty() ? std::nullopt : rows[0].find_integer(0);
  return numbers_[version_id] = number;
}

}  // namespace leoflow::api
