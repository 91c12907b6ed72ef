#include <fmt/core.h>

#include "api/core/asset_expressions.hpp"
#include "api/core/dag_list.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/input_rows.hpp"
#include "api/core/page.hpp"
#include "api/core/run_rows.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kRunColumnsLight =
    "r.id, r.dag_id, r.run_id, r.logical_date, r.run_after, r.start_date, r.end_date, r.state";

gen::DAGRunLightResponse light_run(store::Row row) {
  gen::DAGRunLightResponse run;
  store::Reader(row) >> run.id >> run.dag_id >> run.run_id >> run.logical_date >> run.run_after >>
      run.start_date >> run.end_date >> run.state;
  run.duration = seconds_between(run.start_date, run.end_date);
  return run;
}

constexpr std::string_view kHasPendingActions =
    "EXISTS (SELECT 1 FROM hitl_detail h JOIN task_instance t ON t.dag_id = h.dag_id AND t.run_id = h.run_id"
    " AND t.task_id = h.task_id AND t.map_index = h.map_index AND t.try_number = h.try_number"
    " WHERE h.dag_id = d.dag_id AND h.responded_at IS NULL AND t.state IN ('deferred', 'awaiting_input'))";

using Dags = std::vector<gen::DAGWithLatestDagRunsResponse>;

// The newest runs of all listed DAGs. A database that is asked for one DAG walks the index on (dag_id,
// run_after) and stops; asked for many at once, PostgreSQL reads all runs of all of them.
void add_latest_runs(Call& call, std::int64_t limit, Dags& dags) {
  if (limit <= 0) return;
  const std::string sql = fmt::format(
      "SELECT {} FROM dag_run r WHERE r.dag_id = $1 ORDER BY r.run_after DESC LIMIT $2", kRunColumnsLight);
  for (auto& dag : dags) {
    for (const store::Row row : call.query(sql, {dag.dag_id, std::min(limit, kMostRows)})) {
      dag.latest_dag_runs.push_back(light_run(row));
    }
  }
}

void add_favorites(Call& call, Dags& dags) {
  TaskSet favorites;
  for (const store::Row row :
       call.query("SELECT dag_id FROM dag_favorite WHERE username = $1", {call.user.subject})) {
    favorites.insert(row.text(0));
  }
  for (auto& dag : dags) dag.is_favorite = favorites.contains(dag.dag_id);
}

void add_asset_expressions(Call& call, Dags& dags) {
  std::vector<std::string> ids;
  for (const auto& dag : dags) ids.push_back(dag.dag_id);
  auto expressions = asset_expressions(call, ids);
  for (auto& dag : dags) {
    const auto found = expressions.find(dag.dag_id);
    if (found != expressions.end()) dag.asset_expression = std::move(found->second);
  }
}

void add_pending_actions(Call& call, Dags& dags) {
  std::map<std::string, gen::DAGWithLatestDagRunsResponse*, std::less<>> by_id;
  std::vector<std::string> ids;
  for (auto& dag : dags) {
    by_id[dag.dag_id] = &dag;
    ids.push_back(dag.dag_id);
  }
  for (gen::HITLDetail& detail : unanswered(call, ids)) {
    by_id.at(detail.task_instance.dag_id)->pending_actions.push_back(std::move(detail));
  }
}

Result<Answer> get_dags_ui(Call& call, const gen::GetDagsUiParams& params) {
  Select select(kDagColumns, kDagTables);
  filter_dags(select, params, call);
  if (params.dag_ids) select.in("d.dag_id", *params.dag_ids);
  if (params.dag_run_state) {
    select.where("EXISTS (SELECT 1 FROM dag_run r WHERE r.dag_id = d.dag_id AND r.state = ?)",
                 {*params.dag_run_state});
  }
  if (params.has_pending_actions) {
    select.where(*params.has_pending_actions ? kHasPendingActions
                                             : fmt::format("NOT {}", kHasPendingActions));
  }
  const auto page = read_page(call.db(), dag_list(), select, params.order_by, {params.limit, params.offset});
  if (!page) return std::unexpected(page.error());
  gen::DAGWithLatestDagRunsCollectionResponse list;
  page->describe(list);
  std::vector<gen::DAGResponse> dags;
  page->each([&](store::Row row) { fill_dag(row, dags.emplace_back()); });
  add_tags(call.db(), dags);
  for (const auto& dag : dags) copy_dag(dag, list.dags.emplace_back());
  add_latest_runs(call, params.dag_runs_limit, list.dags);
  add_favorites(call, list.dags);
  if (params.has_pending_actions && *params.has_pending_actions) add_pending_actions(call, list.dags);
  add_asset_expressions(call, list.dags);
  return ok_without_nulls(list);
}

Result<Answer> get_latest_run_info(Call& call, const gen::GetLatestRunInfoParams& params) {
  if (params.dag_id == "~")
    return fail(ErrorCode::invalid,
                "`~` was supplied as dag_id, but querying multiple dags is not supported.");
  const auto rows = call.db().query(
      fmt::format("SELECT {} FROM dag_run r WHERE r.dag_id = $1 ORDER BY r.run_after DESC LIMIT 1",
                  kRunColumnsLight),
      {params.dag_id});
  if (!rows.empty()) return ok(light_run(rows[0]));
  Answer answer;
  answer.body = "null";
  return answer;
}

}  // namespace

void bind_ui_dags(Registry& registry) {
  registry.bind<op::get_dags_ui>(get_dags_ui);
  registry.bind<op::get_latest_run_info>(get_latest_run_info);
}

}  // namespace leoflow::api
