#include "api/core/grid_stream.hpp"

#include <algorithm>
#include <atomic>
#include <fmt/core.h>
#include <future>
#include <iterator>
#include <memory>
#include <set>

#include "api/core/dag_rows.hpp"
#include "engine/stored_states.hpp"

namespace leoflow::api {
namespace {

/// So many squares are read by one statement, unless a single run has more.
constexpr std::size_t kSquaresAtOnce = 5'000;

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

void GridStream::write(std::span<const std::string> asked, http::GzipJoin& out) {
  const std::vector<std::string> run_ids = without_repeated(asked);
  for (std::size_t first = 0; first < run_ids.size(); first += kMostRuns) {
    auto found = find(std::span(run_ids).subspan(first, std::min(kMostRuns, run_ids.size() - first)));
    make_lines(found);
    for (const ShownRun& run : found) out.add(*run.line);
  }
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
    found.push_back({run_id, stamp, known->second.text(1), call_.api.runs.find_line(stamp)});
  }
  return found;
}

void GridStream::make_lines(std::span<ShownRun> runs) {
  const auto groups = group(runs);
  std::atomic<std::size_t> next = 0;
  const auto read = [&](store::Session& db) {
    try {
      for (std::size_t i = next++; i < groups.size(); i = next++) read_lines(db, groups[i]);
    } catch (...) {
      next = groups.size();  // the other one has nothing to go on for
      throw;
    }
  };
  std::future<void> other;
  if (groups.size() > 1) {
    other = std::async(std::launch::async, [&] {
      if (const auto reader = second_reader()) read(**reader);
    });
  }
  read(call_.db());
  if (other.valid()) other.get();
}

std::optional<store::Database::ReadLease> GridStream::second_reader() {
  try {
    return call_.api.database.read();
  } catch (const store::Unavailable&) {
    return std::nullopt;  // it can be done without
  }
}

std::vector<std::vector<GridStream::ShownRun*>> GridStream::group(std::span<ShownRun> runs) {
  std::vector<std::vector<ShownRun*>> groups;
  std::size_t squares = kSquaresAtOnce;  // of the last group: there is none yet
  for (ShownRun& run : runs) {
    if (run.line) continue;
    if (squares >= kSquaresAtOnce) {
      groups.emplace_back();
      squares = 0;
    }
    groups.back().push_back(&run);
    squares += version_of(run.version_id).order.nodes.size();
  }
  return groups;
}

void GridStream::read_lines(store::Session& db, std::span<ShownRun* const> runs) const {
  store::Params ids;
  struct Reading {
    explicit Reading(const Version& of) : version(of), summary(of.order) {}

    const Version& version;
    RunSummary summary;
  };
  std::map<std::int64_t, Reading> by_id;
  for (ShownRun* run : runs) {
    by_id.try_emplace(run->stamp.id, versions_.at(run->version_id));
    ids.emplace_back(run->stamp.id);
  }
  // The version is that of the run nearly always; then it is known.
  const std::string sql = fmt::format(
      "SELECT r.id, t.task_id, t.state, t.start_date, t.end_date, CASE WHEN t.note IS NULL THEN 0 ELSE 1 "
      "END, "
      "CASE WHEN t.dag_version_id = r.dag_version_id THEN NULL ELSE "
      "(SELECT version_number FROM dag_version v WHERE v.id = t.dag_version_id) END "
      "FROM dag_run r JOIN task_instance t ON t.dag_id = r.dag_id AND t.run_id = r.run_id WHERE r.id IN ({})",
      placeholders(ids.size()));
  auto run = by_id.begin();  // the one of the row before: those of a run come together
  db.each(sql, ids, [&](store::Row row) {
    if (const std::int64_t id = row.integer(0); run->first != id) run = by_id.find(id);
    NodeSummary instance;
    instance.counts[static_cast<std::size_t>(engine::stored_task_state(row, 2))] = 1;
    instance.start = row.find_time(3);
    instance.end = row.find_time(4);
    instance.has_note = row.integer(5) != 0;
    instance.version_number = row.is_null(6) ? run->second.version.number : row.find_integer(6);
    run->second.summary.add(row.text(1), instance);
  });
  std::string line;
  for (ShownRun* shown : runs) {
    Reading& of_run = by_id.at(shown->stamp.id);
    line.clear();
    line.reserve(of_run.version.order.nodes.size() * kBytesOfSquare);
    of_run.summary.write(dag_id_, shown->run_id, line);
    shown->line = std::make_shared<const http::GzipPart>(http::gzip_part(line));
    call_.api.runs.keep_line(shown->stamp, shown->line);
  }
}

const GridStream::Version& GridStream::version_of(const std::string& version_id) {
  const auto known = versions_.find(version_id);
  if (known != versions_.end()) return known->second;
  auto dag = call_.api.dags.by_version_id(call_.db(), version_id);
  if (!dag) dag = call_.api.dags.current(call_.db(), dag_id_);
  static const DagView kNothing("{}");
  Version& version = versions_.try_emplace(version_id, dag ? *dag : kNothing).first->second;
  const auto rows = call_.query("SELECT version_number FROM dag_version WHERE id = $1", {version_id});
  if (!rows.empty()) version.number = rows[0].find_integer(0);
  return version;
}

}  // namespace leoflow::api
