#include <fmt/core.h>
#include <map>
#include <optional>

#include "api/core/dag_rows.hpp"
#include "api/core/grid_nodes.hpp"
#include "api/core/grid_summary.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/state_filters.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

constexpr OrderKey kGridOrder[] = {{"id", "r.run_after"},
                                   {"run_after", "r.run_after"},
                                   {"logical_date", "r.logical_date"},
                                   {"start_date", "r.start_date"},
                                   {"end_date", "r.end_date"}};
// As a timetable orders its runs.
constexpr OrderKey kTimetableOrder[] = {{"data_interval_end", "r.data_interval_end"},
                                        {"logical_date", "r.logical_date"}};

std::unexpected<Error> no_dag(const std::string& dag_id) {
  return fail(ErrorCode::not_found, fmt::format("Dag with id {} was not found", dag_id));
}

// The runs that the grid shows: filters, order and page are the same for both calls.
template <typename Params>
Result<store::Rows> select_runs(Call& call, std::string_view columns, const Params& params) {
  Select select(columns, kRunTables);
  select.equals("r.dag_id", params.dag_id);
  if (auto fine = filter_run_types(select, params.run_type); !fine) return std::unexpected(fine.error());
  if (auto fine = filter_run_states(select, params.state); !fine) return std::unexpected(fine.error());
  select.range("r.run_after", LEOFLOW_RANGE(params, run_after));
  select.pattern("r.triggering_user_name", params.triggering_user);
  select.prefix("r.triggering_user_name", params.triggering_user_prefix);
  const auto ordered = params.order_by == std::vector<std::string>{"id"}
                           ? select.order({"data_interval_end", "logical_date"}, kTimetableOrder, "r.id")
                           : select.order(params.order_by, kGridOrder, "r.id");
  if (!ordered) return std::unexpected(ordered.error());
  return select.page(params.limit, params.offset).rows(call.db());
}

Result<Answer> get_grid_runs(Call& call, const gen::GetGridRunsParams& params) {
  if (!require_dag(call.db(), params.dag_id)) return no_dag(params.dag_id);
  const auto rows = select_runs(call, kRunColumns, params);
  if (!rows) return std::unexpected(rows.error());
  std::vector<gen::GridRunsResponse> runs;
  for (const store::Row row : *rows) {
    const gen::DAGRunResponse full = run_from(row);
    auto& run = runs.emplace_back();
    run.dag_id = full.dag_id;
    run.run_id = full.dag_run_id;
    run.queued_at = full.queued_at;
    run.start_date = full.start_date;
    run.end_date = full.end_date;
    run.run_after = full.run_after;
    run.state = full.state;
    run.run_type = full.run_type;
    run.dag_versions = full.dag_versions;
    run.has_note = full.note.has_value();
    run.duration = seconds_between(full.start_date, full.end_date ? full.end_date : call.now()).value_or(0);
  }
  return ok_without_nulls(runs);
}

Result<Answer> get_dag_structure(Call& call, const gen::GetDagStructureParams& params) {
  const auto latest = call.api.dags.current(call.db(), params.dag_id);
  if (!latest) return no_dag(params.dag_id);
  const auto nodes_of = [&](const DagView& dag) {
    const TaskSet keep =
        narrowed(dag, params.root, params.include_upstream, params.include_downstream, params.depth);
    const bool is_missing = keep.empty() && params.root && !params.root->empty();
    return is_missing ? std::vector<gen::GridNodeResponse>() : grid_nodes(dag, keep);
  };
  auto nodes = nodes_of(*latest);
  const auto runs = select_runs(call, "r.run_id, r.dag_version_id", params);
  if (!runs) return std::unexpected(runs.error());
  // Older versions that the shown runs used may have tasks that are gone now.
  TaskSet versions;
  for (const store::Row row : *runs) versions.insert(row.text(1));
  for (const std::string& version_id : versions) {
    const auto dag = call.api.dags.by_version_id(call.db(), version_id);
    if (dag && dag != latest) merge_grid_nodes(nodes, nodes_of(*dag));
  }
  return ok_without_nulls(nodes);
}

/// Writes the lines of a DAG's runs.
class SummaryStream {
 public:
  SummaryStream(Call& call, const std::string& dag_id) : call_(call), dag_id_(dag_id) {}

  void write(const std::string& run_id, std::string& out) {
    const auto runs = call_.query("SELECT dag_version_id FROM dag_run WHERE dag_id = $1 AND run_id = $2",
                                  {dag_id_, run_id});
    if (runs.empty()) return;
    const std::string& version_id = runs[0].text(0);
    const GridOrder& order = order_of(version_id);
    const auto version_number = number_of(version_id);
    RunSummary summary(order);
    // The version is that of the run nearly always; then its long id need not be read.
    for (const store::Row row :
         call_.query("SELECT task_id, state, start_date, end_date, CASE WHEN note IS NULL THEN 0 ELSE 1 END, "
                     "CASE WHEN dag_version_id = $3 THEN NULL ELSE dag_version_id END "
                     "FROM task_instance WHERE dag_id = $1 AND run_id = $2",
                     {dag_id_, run_id, version_id})) {
      NodeSummary instance;
      const auto state = row.is_null(1) ? dag::TaskState::none : dag::parse_task_state(row.text(1));
      instance.counts[static_cast<std::size_t>(state.value_or(dag::TaskState::none))] = 1;
      instance.start = row.find_time(2);
      instance.end = row.find_time(3);
      instance.has_note = row.integer(4) != 0;
      instance.version_number = row.is_null(5) ? version_number : number_of(row.text(5));
      summary.add(row.text(0), instance);
    }
    summary.write(dag_id_, run_id, out);
  }

 private:
  const GridOrder& order_of(const std::string& version_id) {
    const auto known = orders_.find(version_id);
    if (known != orders_.end()) return known->second;
    auto dag = call_.api.dags.by_version_id(call_.db(), version_id);
    if (!dag) dag = call_.api.dags.current(call_.db(), dag_id_);
    static const DagView kNothing("{}");
    return orders_.try_emplace(version_id, dag ? *dag : kNothing).first->second;
  }

  std::optional<std::int64_t> number_of(const std::string& version_id) {
    const auto known = numbers_.find(version_id);
    if (known != numbers_.end()) return known->second;
    const auto rows = call_.query("SELECT version_number FROM dag_version WHERE id = $1", {version_id});
    const auto number = rows.empty() ? std::nullopt : rows[0].find_integer(0);
    return numbers_[version_id] = number;
  }

  Call& call_;
  const std::string& dag_id_;
  std::map<std::string, GridOrder, std::less<>> orders_;                     ///< by version id
  std::map<std::string, std::optional<std::int64_t>, std::less<>> numbers_;  ///< by version id
};

Result<Answer> get_grid_ti_summaries_stream(Call& call, const gen::GetGridTiSummariesStreamParams& params) {
  Answer answer;
  answer.content_type = "application/x-ndjson";
  if (!params.run_ids) return answer;
  SummaryStream stream(call, params.dag_id);
  for (const std::string& run_id : *params.run_ids) stream.write(run_id, answer.body);
  return answer;
}

}  // namespace

void bind_ui_grid(Registry& registry) {
  registry.bind<op::get_grid_runs>(get_grid_runs);
  registry.bind<op::get_dag_structure>(get_dag_structure);
  registry.bind<op::get_grid_ti_summaries_stream>(get_grid_ti_summaries_stream);
}

}  // namespace leoflow::api
