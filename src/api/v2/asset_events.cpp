#include <fmt/core.h>

#include "api/core/asset_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr OrderKey kAssetEventOrder[] = {{"source_task_id", "e.source_task_id"},
                                         {"source_dag_id", "e.source_dag_id"},
                                         {"source_run_id", "e.source_run_id"},
                                         {"source_map_index", "COALESCE(e.source_map_index, -1)"},
                                         {"timestamp", "e.created_at"}};

void filter_events(Select& select, const gen::GetAssetEventsParams& params) {
  if (params.asset_id) select.where("e.asset_id = ?", {*params.asset_id});
  if (params.source_dag_id) select.where("e.source_dag_id = ?", {*params.source_dag_id});
  if (params.source_task_id) select.where("e.source_task_id = ?", {*params.source_task_id});
  if (params.source_run_id) select.where("e.source_run_id = ?", {*params.source_run_id});
  if (params.source_map_index) {
    select.where("COALESCE(e.source_map_index, -1) = ?", {*params.source_map_index});
  }
  select.pattern("a.name", params.name_pattern).prefix("a.name", params.name_prefix_pattern);
  select.range("e.created_at", LEOFLOW_RANGE(params, timestamp));
}

Result<Answer> get_asset_events(Call& call, const gen::GetAssetEventsParams& params) {
  Select select(kAssetEventColumns, kAssetEventTables);
  filter_events(select, params);
  if (auto ordered = select.order(params.order_by, kAssetEventOrder, "e.id"); !ordered)
    return std::unexpected(ordered.error());
  gen::AssetEventCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.asset_events.push_back(asset_event_from(row));
  }
  add_created_runs(call.db(), list.asset_events);
  return ok(list);
}

/// The newest event that somebody outside reported with that content.
Result<Answer> answer_with_reported(Call& call, std::int64_t asset_id, const std::string& extra) {
  const auto rows = call.db().query(
      fmt::format("SELECT {} FROM {} WHERE e.asset_id = $1 AND e.source_dag_id IS NULL AND e.extra = $2 "
                  "ORDER BY e.id DESC LIMIT 1",
                  kAssetEventColumns, kAssetEventTables),
      {asset_id, extra});
  if (rows.empty()) throw Fatal("an asset event that was reported is not stored");
  std::vector<gen::AssetEventResponse> events{asset_event_from(rows[0])};
  add_created_runs(call.db(), events);
  return ok(events[0]);
}

Result<Answer> create_asset_event(Call& call, const gen::CreateAssetEventParams&,
                                  gen::CreateAssetEventsBody& body) {
  const auto asset = find_asset_name(call.db(), body.asset_id);
  if (!asset) {
    return fail(ErrorCode::not_found, fmt::format("Asset with ID: `{}` was not found", body.asset_id));
  }
  body.extra.get_object()["from_rest_api"] = true;
  const std::string extra = json::serialize(body.extra);
  if (auto done = call.api.commands.change_asset({*asset, extra, body.partition_key}); !done) {
    return std::unexpected(done.error());
  }
  return answer_with_reported(call, body.asset_id, extra);
}

Result<Answer> get_upstream_asset_events(Call& call, const gen::GetUpstreamAssetEventsParams& params) {
  if (auto known = require_run(call.db(), params.dag_id, params.dag_run_id); !known) {
    return std::unexpected(known.error());
  }
  gen::AssetEventCollectionResponse list;
  for (const store::Row row :
       call.db().query(fmt::format("SELECT {} FROM {} JOIN dag_run_asset_event c ON c.event_id = e.id "
                                   "WHERE c.dag_id = $1 AND c.run_id = $2 ORDER BY e.created_at, e.id",
                                   kAssetEventColumns, kAssetEventTables),
                       {params.dag_id, params.dag_run_id})) {
    list.asset_events.push_back(asset_event_from(row));
  }
  add_created_runs(call.db(), list.asset_events);
  list.total_entries = static_cast<std::int64_t>(list.asset_events.size());
  return ok(list);
}

}  // namespace

void bind_asset_events(Registry& registry) {
  registry.bind<op::get_asset_events>(get_asset_events);
  registry.bind<op::create_asset_event>(create_asset_event);
  registry.bind<op::get_upstream_asset_events>(get_upstream_asset_events);
}

}  // namespace leoflow::api
