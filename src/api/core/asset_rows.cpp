#include "api/core/asset_rows.hpp"

#include <fmt/core.h>
#include <map>

#include "api/core/dag_rows.hpp"
#include "api/core/masking.hpp"

namespace leoflow::api {

const std::string_view kAssetColumns =
    "a.id, a.name, a.uri, a.asset_group, a.extra, a.created_at, a.updated_at, "
    "(SELECT e.id FROM asset_event e WHERE e.asset_id = a.id ORDER BY e.created_at DESC, e.id DESC LIMIT 1), "
    "(SELECT MAX(e.created_at) FROM asset_event e WHERE e.asset_id = a.id)";
const std::string_view kAssetTables = "asset a";

const std::string_view kAssetEventColumns =
    "e.id, e.asset_id, a.uri, a.name, a.asset_group, e.extra, e.source_task_id, e.source_dag_id, "
    "e.source_run_id, COALESCE(e.source_map_index, -1), e.created_at, e.partition_key";
const std::string_view kAssetEventTables = "asset_event e JOIN asset a ON a.id = e.asset_id";

namespace {

// In each, {} stands for the ids of the assets or events in question.
constexpr std::string_view kSchedules =
    "SELECT a.id, s.dag_id, s.created_at, s.updated_at FROM asset a JOIN dag_schedule_asset s "
    "ON s.kind = 'asset' AND s.name = a.name AND s.uri = a.uri WHERE a.id IN ({}) ORDER BY s.dag_id";
constexpr std::string_view kUses =
    "SELECT a.id, u.is_outlet, u.dag_id, u.task_id, u.created_at, u.updated_at FROM asset a JOIN task_asset "
    "u ON u.kind = 'asset' AND u.name = a.name AND u.uri = a.uri WHERE a.id IN ({}) "
    "ORDER BY u.dag_id, u.task_id";
constexpr std::string_view kWatchers =
    "SELECT asset_id, name, id, created_at FROM asset_watcher WHERE asset_id IN ({}) ORDER BY name";
constexpr std::string_view kAliases =
    "SELECT x.asset_id, l.id, l.name, l.asset_group FROM asset_alias_asset x JOIN asset_alias l "
    "ON l.id = x.alias_id WHERE x.asset_id IN ({}) ORDER BY l.id";
// A run is triggered by the last of its events; the others were waiting for that one.
constexpr std::string_view kCreatedRuns =
    "SELECT c.event_id, r.run_id, r.dag_id, r.logical_date, COALESCE(r.start_date, r.queued_at, "
    "r.run_after), "
    "r.end_date, r.state, r.data_interval_start, r.data_interval_end, r.partition_key, "
    "CASE WHEN EXISTS (SELECT 1 FROM dag_run_asset_event o JOIN asset_event x ON x.id = o.event_id "
    " WHERE o.dag_id = c.dag_id AND o.run_id = c.run_id "
    " AND (x.created_at > e.created_at OR (x.created_at = e.created_at AND x.id > e.id))) THEN 0 ELSE 1 END "
    "FROM dag_run_asset_event c JOIN asset_event e ON e.id = c.event_id "
    "JOIN dag_run r ON r.dag_id = c.dag_id AND r.run_id = c.run_id WHERE c.event_id IN ({}) "
    "ORDER BY r.dag_id, r.run_after";

/// The listed things by their ids, and what a query about all of them gives.
template <typename Item>
class ById {
 public:
  ById(store::Session& session, std::vector<Item>& items) : session_(session) {
    for (Item& item : items) {
      places_[item.id] = &item;
      ids_.emplace_back(item.id);
    }
  }

  /// @param add gets the item that the row's first column names, and the row.
  template <typename Add>
  void each(std::string_view sql, Add add) {
    const auto rows = session_.query(fmt::format(fmt::runtime(sql), placeholders(ids_.size())), ids_);
    for (const store::Row row : rows) add(*places_.at(row.integer(0)), row);
  }

 private:
  store::Session& session_;
  std::map<std::int64_t, Item*> places_;
  store::Params ids_;
};

json::value shown(const std::string& extra) {
  return masked(parse_json(extra).value_or(json::object()));
}

template <typename Reference>
Reference task_reference(store::Row row) {
  return {row.text(2), row.text(3), row.time(4), row.time(5)};
}

}  // namespace

gen::AssetResponse asset_from(store::Row row) {
  gen::AssetResponse asset;
  gen::LastAssetEventResponse last;
  std::string extra;
  store::Reader in(row);
  in >> asset.id >> asset.name >> asset.uri >> asset.group >> extra >> asset.created_at >> asset.updated_at;
  in >> last.id >> last.timestamp;
  asset.extra = shown(extra);
  asset.last_asset_event = last;
  return asset;
}

void add_asset_uses(store::Session& session, std::vector<gen::AssetResponse>& assets) {
  if (assets.empty()) return;
  ById by_id(session, assets);
  by_id.each(kSchedules, [](gen::AssetResponse& asset, store::Row row) {
    asset.scheduled_dags.push_back({row.text(1), row.time(2), row.time(3)});
  });
  by_id.each(kUses, [](gen::AssetResponse& asset, store::Row row) {
    if (row.boolean(1)) {
      asset.producing_tasks.push_back(task_reference<gen::TaskOutletAssetReference>(row));
    } else {
      asset.consuming_tasks.push_back(task_reference<gen::TaskInletAssetReference>(row));
    }
  });
  by_id.each(kWatchers, [](gen::AssetResponse& asset, store::Row row) {
    asset.watchers.push_back({row.text(1), row.integer(2), row.time(3)});
  });
  by_id.each(kAliases, [](gen::AssetResponse& asset, store::Row row) {
    asset.aliases.push_back({row.integer(1), row.text(2), row.text(3)});
  });
}

std::optional<dag::AssetKey> find_asset_name(store::Session& session, std::int64_t asset_id) {
  const auto rows = session.query("SELECT name, uri FROM asset WHERE id = $1", {asset_id});
  if (rows.empty()) return std::nullopt;
  return dag::AssetKey{rows[0].text(0), rows[0].text(1)};
}

gen::AssetEventResponse asset_event_from(store::Row row) {
  gen::AssetEventResponse event;
  std::string extra;
  store::Reader in(row);
  in >> event.id >> event.asset_id >> event.uri >> event.name >> event.group >> extra;
  in >> event.source_task_id >> event.source_dag_id >> event.source_run_id >> event.source_map_index;
  in >> event.timestamp >> event.partition_key;
  event.extra = shown(extra);
  return event;
}

void add_created_runs(store::Session& session, std::vector<gen::AssetEventResponse>& events) {
  if (events.empty()) return;
  ById(session, events).each(kCreatedRuns, [](gen::AssetEventResponse& event, store::Row row) {
    gen::DagRunAssetReference run;
    std::int64_t event_id = 0;
    store::Reader in(row);
    in >> event_id >> run.run_id >> run.dag_id >> run.logical_date >> run.start_date >> run.end_date;
    in >> run.state >> run.data_interval_start >> run.data_interval_end >> run.partition_key;
    in >> run.triggering;
    event.created_dagruns.push_back(std::move(run));
  });
}

}  // namespace leoflow::api
