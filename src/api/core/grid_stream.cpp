#include "api/core/grid_stream.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <iterator>
#include <memory>
#include <set>

#include "api/core/dag_rows.hpp"
#include "engine/stored_states.hpp"

namespace leoflow::api {
namespace {

/// So many squares are in memory at once, unless a single run has more.
constexpr std::size_t kMostSquares = 20'000;

/// A square of a task with both of its dates takes about so many bytes.
constexpr std::size_t kBytesOfSquare = 224;

/// No more runs than a statement may reasonably have arguments.
constexpr std::size_t kMostRuns = 200;

std::vector<std::string> without_repeated(std::span<const std::string> texts) {
  std::set<std::string_view> seen;
  std::vector<std::string> out;
  std::ranges::copy_if(texts, std::back_inserter(out),
                       [&](const std::string& text) { return seen.insert(text).second; });
  return out;
}

}  // namespace

void GridStream::write(std::span<const std::string> asked, std::string& out) {
  const std::vector<std::string> run_ids = without_repeated(asked);
  for (std::size_t first = 0; first < run_ids.size(); first += kMostRuns) {
    auto found = find(std::span(run_ids).subspan(first, std::min(kMostRuns, run_ids.size() - first)));
    out.reserve(out.size() + size_of(found));
    std::span<ShownRun> left = found;
    while (!left.empty()) {
      const auto some = left.first(how_many(left));
      left = left.subspan(some.size());
      sum_up(some);
      for (ShownRun& run : some) write_line(run, out);
    }
  }
}

std::size_t GridStream::size_of(std::span<const ShownRun> runs) {
  std::size_t size = 0;
  for (const ShownRun& run : runs)
    size += run.line ? run.line->size() : order_of(run.version_id).nodes.size() * kBytesOfSquare;
  return size;
}

std::size_t GridStream::how_many(std::span<const ShownRun> runs) {
  std::size_t squares = 0;
  std::size_t count = 0;
  while (count < runs.size() && squares < kMostSquares) {
    const ShownRun& run = runs[count++];
    if (!run.line) squares += order_of(run.version_id).nodes.size();
  }
  return count;
}

std::vector<GridStream::ShownRun> GridStream::find(std::span<const std::string> run_ids) {
  store::Params params{dag_id_};
  params.insert(params.end(), run_ids.begin(), run_ids.end());
  const auto rows = call_.db().query(
      fmt::format(
          "SELECT r.run_id, r.dag_version_id, {} FROM dag_run r WHERE r.dag_id = $1 AND r.run_id IN ({})",
          RunStamp::kColumns, placeholders(run_ids.size(), 2)),
      params);
  std::map<std::string_view, store::Row> by_run_id;
  for (const store::Row row : rows) by_run_id.emplace(row.text(0), row);
  std::vector<ShownRun> found;
  for (const std::string& run_id : run_ids) {
    const auto known = by_run_id.find(run_id);
    if (known == by_run_id.end()) continue;
    const RunStamp stamp = RunStamp::read(known->second, 2);
    found.push_back({run_id, stamp, known->second.text(1), call_.api.runs.find_line(stamp), std::nullopt});
  }
  return found;
}

void GridStream::sum_up(std::span<ShownRun> runs) {
  store::Params ids;
  std::map<std::int64_t, ShownRun*> by_id;
  for (ShownRun& run : runs) {
    if (run.line) continue;
    by_id.emplace(run.stamp.id, &run);
    ids.emplace_back(run.stamp.id);
    run.summary.emplace(order_of(run.version_id));
    run.version_number = number_of(run.version_id);
  }
  if (ids.empty()) return;
  // The version is that of the run nearly always; then it is known.
  const std::string sql = fmt::format(
      "SELECT r.id, t.task_id, t.state, t.start_date, t.end_date, CASE WHEN t.note IS NULL THEN 0 ELSE 1 "
      "END, "
      "CASE WHEN t.dag_version_id = r.dag_version_id THEN NULL ELSE "
      "(SELECT version_number FROM dag_version v WHERE v.id = t.dag_version_id) END "
      "FROM dag_run r JOIN task_instance t ON t.dag_id = r.dag_id AND t.run_id = r.run_id WHERE r.id IN ({})",
      placeholders(ids.size()));
  ShownRun* run = by_id.begin()->second;  // the one of the row before: those of a run come together
  call_.db().each(sql, ids, [&](store::Row row) {
    if (const std::int64_t id = row.integer(0); run->stamp.id != id) run = by_id.at(id);
    NodeSummary instance;
    instance.counts[static_cast<std::size_t>(engine::stored_task_state(row, 2))] = 1;
    instance.start = row.find_time(3);
    instance.end = row.find_time(4);
    instance.has_note = row.integer(5) != 0;
    instance.version_number = row.is_null(6) ? run->version_number : row.find_integer(6);
    run->summary->add(row.text(1), instance);
  });
}

void GridStream::write_line(ShownRun& run, std::string& out) {
  if (run.line) {
    out += *run.line;
    return;
  }
  const std::size_t begin = out.size();
  run.summary->write(dag_id_, run.run_id, out);
  run.summary.reset();
  call_.api.runs.keep_line(run.stamp, std::make_shared<const std::string>(out, begin));
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
