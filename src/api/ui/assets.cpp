#include <fmt/core.h>

#include "api/core/asset_expressions.hpp"
#include "api/core/dag_rows.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

// What a run at a known time has seen already does not count as news for the next.
constexpr std::string_view kAwaited =
    "SELECT a.id, a.name, a.uri, "
    "CASE WHEN q.asset_id IS NULL THEN NULL ELSE (SELECT MAX(e.created_at) FROM asset_event e "
    " WHERE e.asset_id = a.id AND e.created_at >= COALESCE((SELECT r.logical_date FROM dag_run r "
    "  WHERE r.dag_id = $1 AND r.logical_date IS NOT NULL AND r.run_type <> 'manual' "
    "  ORDER BY r.logical_date DESC LIMIT 1), 0)) END, a.is_active "
    "FROM dag_schedule_asset s JOIN asset a ON a.name = s.name AND a.uri = s.uri "
    "LEFT JOIN asset_queue q ON q.asset_id = a.id AND q.dag_id = s.dag_id "
    "WHERE s.dag_id = $1 AND s.kind = 'asset' ORDER BY a.uri, a.id";

Result<Answer> next_run_assets(Call& call, const gen::NextRunAssetsParams& params) {
  if (!require_dag(call.db(), params.dag_id)) {
    return fail(ErrorCode::not_found, fmt::format("Dag with id {} was not found", params.dag_id));
  }
  gen::NextRunAssetsResponse next;
  next.asset_expression = asset_expression_of(call, params.dag_id);
  for (const store::Row row : call.query(kAwaited, {params.dag_id})) {
    gen::NextRunAssetEventResponse& event = next.events.emplace_back();
    bool is_active = false;
    store::Reader(row) >> event.id >> event.name >> event.uri >> event.last_update >> is_active;
    event.asset_inactive = !is_active;
  }
  return ok(next);
}

}  // namespace

void bind_ui_assets(Registry& registry) {
  registry.bind<op::next_run_assets>(next_run_assets);
}

}  // namespace leoflow::api
