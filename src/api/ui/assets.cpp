#include <fmt/core.h>

#include "api/core/asset_expressions.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/partition_progress.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

// What a run at a known time has seen already does not count as news for the next.
constexpr std::string_view kAwaited =
    "SELECT a.id, a.name, a.uri, "
    "CASE WHEN q.asset_id IS NULL AND NOT EXISTS (SELECT 1 FROM partition_asset x JOIN dag_partition p ON "
    " p.id = x.partition_id WHERE x.asset_id = a.id AND p.dag_id = $1 AND p.run_id IS NULL) THEN NULL ELSE "
    "(SELECT MAX(e.created_at) FROM asset_event e "
    " WHERE e.asset_id = a.id AND e.created_at >= COALESCE((SELECT r.logical_date FROM dag_run r "
    "  WHERE r.dag_id = $1 AND r.logical_date IS NOT NULL AND r.run_type <> 'manual' "
    "  ORDER BY r.logical_date DESC LIMIT 1), 0)) END, a.is_active "
    "FROM dag_schedule_asset s JOIN asset a ON a.name = s.name AND a.uri = s.uri "
    "LEFT JOIN asset_queue q ON q.asset_id = a.id AND q.dag_id = s.dag_id "
    "WHERE s.dag_id = $1 AND s.kind = 'asset' ORDER BY a.uri, a.id";

/// The partition that runs next, if the assets have all that it needs.
std::optional<StoredPartition> next_partition(Call& call, const std::string& dag_id) {
  const store::Rows rows = call.query(fmt::format("SELECT {} FROM {} WHERE p.dag_id = $1 AND p.run_id IS NULL"
                                                  " ORDER BY p.created_at, p.id LIMIT 1",
                                                  kPartitionColumns, kPartitionTables),
                                      {dag_id});
  return rows.empty() ? std::nullopt : std::optional(partition_from(rows[0]));
}

/// How many changes of an asset there are of how many that the next partition needs.
void fill_progress(const AssetProgress& asset, gen::NextRunAssetEventResponse& event) {
  event.mapper_error = asset.is_broken;
  event.required_count = asset.required_count();
  event.required_keys = asset.required;
  event.received_keys.assign(asset.received.begin(), asset.received.end());
  event.received_count = static_cast<std::int64_t>(asset.received.size());
  if (event.received_count < event.required_count) event.last_update.reset();
}

void fill_partition(Call& call, const std::string& dag_id, gen::NextRunAssetsResponse& next) {
  const auto waiting =
      call.query("SELECT COUNT(*) FROM dag_partition WHERE dag_id = $1 AND run_id IS NULL", {dag_id});
  next.pending_partition_count = waiting[0].integer(0);
  const auto next_one = next_partition(call, dag_id);
  StoredPartition partition;
  partition.dag_id = dag_id;
  if (next_one) partition = *next_one;
  for (const AssetProgress& asset : PartitionProgress(call, {partition}).of(partition)) {
    for (gen::NextRunAssetEventResponse& event : next.events) {
      if (event.id != asset.asset_id) continue;
      event.is_rollup = asset.is_rollup;
      if (next_one) fill_progress(asset, event);
    }
  }
}

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
  const auto partitioned =
      call.query("SELECT timetable_partitioned FROM dag WHERE dag_id = $1", {params.dag_id});
  if (partitioned[0].boolean(0)) fill_partition(call, params.dag_id, next);
  return ok(next);
}

}  // namespace

void bind_ui_assets(Registry& registry) {
  registry.bind<op::next_run_assets>(next_run_assets);
}

}  // namespace leoflow::api
