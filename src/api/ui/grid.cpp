#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/grid_nodes.hpp"
#include "api/core/grid_stream.hpp"
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

Result<Answer> get_grid_ti_summaries_stream(Call& call, const gen::GetGridTiSummariesStreamParams& params) {
  Answer answer;
  answer.content_type = "application/x-ndjson";
  http::GzipJoin lines;
  if (params.run_ids) GridStream(call, params.dag_id).write(*params.run_ids, lines);
  http::set_gzipped(answer, call.request, std::move(lines).finish());
  return answer;
}

}  // namespace

void bind_ui_grid(Registry& registry) {
  registry.bind<op::get_grid_runs>(get_grid_runs);
  registry.bind<op::get_dag_structure>(get_dag_structure);
  registry.bind<op::get_grid_ti_summaries_stream>(get_grid_ti_summaries_stream);
}

}  // namespace leoflow::api
