#include "engine/assets.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "base/time_text.hpp"
#include "engine/active_assets.hpp"

namespace leoflow::engine {
namespace {

using Kind = dag::AssetLeaf::Kind;

/// Bytes, of the name and the URI together: PostgreSQL's indexes take no entries above 2,704, and those of
/// tasks and their assets have the ids of both, too.
constexpr std::size_t kLongestAsset = 2000;

std::string_view to_text(Kind kind) {
  switch (kind) {
    case Kind::asset:
      return "asset";
    case Kind::alias:
      return "alias";
    case Kind::name_ref:
      return "name_ref";
    case Kind::uri_ref:
      return "uri_ref";
  }
  return "";
}

constexpr std::string_view kPutAsset =
    "INSERT INTO asset (name, uri, asset_group, extra, is_active, created_at, updated_at)"
    " VALUES ($1, $2, $3, $4, 0, $5, $5) ON CONFLICT (name, uri) DO UPDATE SET"
    " asset_group = excluded.asset_group, extra = excluded.extra,"
    " updated_at = excluded.updated_at";

constexpr std::string_view kMakeAsset =
    "INSERT INTO asset (name, uri, asset_group, extra, is_active, created_at, updated_at)"
    " VALUES ($1, $2, 'asset', $3, 0, $4, $4) ON CONFLICT (name, uri) DO NOTHING";

constexpr std::string_view kPutAlias =
    "INSERT INTO asset_alias (name, asset_group) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

constexpr std::string_view kLinkAlias =
    "INSERT INTO asset_alias_asset (alias_id, asset_id)"
    " SELECT l.id, a.id FROM asset_alias l, asset a WHERE l.name = $1 AND a.name = $2 AND a.uri = $3"
    " ON CONFLICT DO NOTHING";

constexpr std::string_view kPutEvent =
    "INSERT INTO asset_event (asset_id, created_at, extra, source_dag_id, source_task_id, source_run_id,"
    " source_map_index, partition_key, watcher_event)"
    " SELECT id, CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT),"
    " CAST($8 AS BIGINT), CAST($9 AS TEXT), CAST($10 AS TEXT) FROM asset WHERE name = $1 AND uri = $2";

constexpr std::string_view kPutEventAlias =
    "INSERT INTO asset_event_alias (event_id, alias_id)"
    " SELECT (SELECT MAX(id) FROM asset_event), id FROM asset_alias WHERE name = $1";

constexpr std::string_view kConsume =
    "INSERT INTO dag_run_asset_event (dag_id, run_id, event_id)"
    " SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), e.id FROM asset_event e JOIN asset a ON a.id = e.asset_id"
    " WHERE e.created_at <= $3 AND e.created_at > COALESCE("
    "  (SELECT MAX(r.run_after) FROM dag_run r WHERE r.dag_id = $1 AND r.run_type = 'asset_triggered'"
    "   AND r.run_after < $3), CAST($4 AS BIGINT),"
    "  (SELECT MIN(s.created_at) - 1 FROM dag_schedule_asset s WHERE s.dag_id = $1), -1)"
    " AND (EXISTS (SELECT 1 FROM dag_schedule_asset s WHERE s.dag_id = $1 AND ("
    "   (s.kind = 'asset' AND s.name = a.name AND s.uri = a.uri) OR (s.kind = 'name_ref' AND s.name = a.name)"
    "   OR (s.kind = 'uri_ref' AND s.uri = a.uri)))"
    "  OR EXISTS (SELECT 1 FROM asset_event_alias x JOIN asset_alias l ON l.id = x.alias_id"
    "   JOIN dag_schedule_asset s ON s.dag_id = $1 AND s.kind = 'alias' AND s.name = l.name"
    "   WHERE x.event_id = e.id))";

void put_watchers(store::Session& session, const dag::AssetLeaf& leaf, Time now) {
  constexpr std::string_view kOne = "(SELECT id FROM asset WHERE name = $1 AND uri = $2)";
  std::set<std::string> names;
  for (const dag::AssetWatcher& watcher : leaf.watchers) {
    names.insert(watcher.name);
    session.execute(
        "INSERT INTO asset_watcher (asset_id, name, classpath, kwargs, created_at)"
        " SELECT id, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT) FROM asset"
        " WHERE name = $1 AND uri = $2 ON CONFLICT (asset_id, name) DO UPDATE SET"
        " classpath = excluded.classpath, kwargs = excluded.kwargs",
        {leaf.key.name, leaf.key.uri, watcher.name, watcher.classpath, watcher.kwargs, now});
  }
  const store::Rows known = session.query(
      "SELECT name FROM asset_watcher WHERE asset_id = " + std::string(kOne), {leaf.key.name, leaf.key.uri});
  for (const store::Row row : known) {
    if (names.contains(row.text(0))) continue;
    session.execute("DELETE FROM asset_watcher WHERE name = $3 AND asset_id = " + std::string(kOne),
                    {leaf.key.name, leaf.key.uri, row.text(0)});
  }
}

void put_leaf(store::Session& session, const dag::AssetLeaf& leaf, Time now) {
  if (leaf.kind == Kind::asset) {
    session.execute(kPutAsset, {leaf.key.name, leaf.key.uri, leaf.group, leaf.extra, now});
    put_watchers(session, leaf, now);
  } else if (leaf.kind == Kind::alias) {
    session.execute(kPutAlias, {leaf.key.name, leaf.group});
  }
}

/// One event for each payload of that asset, or one without any.
void add_events(std::vector<AssetEvent>& out, const AssetEvent& blank, const dag::AssetKey& asset,
                const OutletReport& report) {
  AssetEvent event = blank;
  event.asset = asset;
  bool has_payload = false;
  for (const OutletEvent& payload : report.events) {
    if (payload.alias || payload.asset != asset) continue;
    has_payload = true;
    event.extra = payload.extra;
    event.partition_key = payload.partition_key ? payload.partition_key : blank.partition_key;
    // The run's date is that of the run's key.
    event.partition_date = event.partition_key == blank.partition_key ? blank.partition_date : std::nullopt;
    out.push_back(event);
  }
  if (!has_payload) out.push_back(event);
}

/// What was put on aliases: the same event on several aliases is one.
void add_alias_events(std::vector<AssetEvent>& out, const AssetEvent& blank, const OutletReport& report) {
  std::map<std::tuple<dag::AssetKey, std::string, std::string>, std::set<std::string>> aliases;
  for (const OutletEvent& payload : report.events) {
    if (!payload.alias) continue;
    const bool is_outlet = std::ranges::any_of(report.outlets, [&](const dag::AssetLeaf& leaf) {
      return leaf.kind == Kind::alias && leaf.key.name == *payload.alias;
    });
    if (is_outlet) aliases[{payload.asset, payload.asset_extra, payload.extra}].insert(*payload.alias);
  }
  for (const auto& [what, names] : aliases) {
    AssetEvent event = blank;
    event.asset = std::get<0>(what);
    event.asset_extra = std::get<1>(what);
    event.extra = std::get<2>(what);
    event.aliases.assign(names.begin(), names.end());
    out.push_back(std::move(event));
  }
}

}  // namespace

std::vector<AssetEvent> events_of(const scheduler::AssetBook& assets, const scheduler::TaskRef& source,
                                  const OutletReport& report) {
  AssetEvent blank;
  blank.partition_key = source.run->partition_key;
  blank.partition_date = source.run->partition_date;
  blank.dag_id = source.run->dag->dag_id;
  blank.run_id = source.run->run_id;
  blank.task_id = source.task().task_id;
  blank.map_index = source.ti().map_index;
  std::vector<AssetEvent> out;
  for (const dag::AssetLeaf& outlet : report.outlets) {
    if (outlet.kind == Kind::alias) continue;
    for (const dag::AssetKey& asset : assets.resolve(outlet)) add_events(out, blank, asset, report);
  }
  add_alias_events(out, blank, report);
  return out;
}

void announce(scheduler::Scheduler& scheduler, std::vector<AssetEvent>& events, Time now) {
  for (AssetEvent& event : events) {
    if (event.partition_key) {
      for (const std::string& alias : event.aliases) scheduler.assets().link(alias, event.asset);
    } else {
      scheduler.asset_changed(event.asset, event.aliases, now);
    }
    const auto waiting = scheduler.assets().waiting_for(event.asset, event.aliases);
    event.effects =
        announce_partition(scheduler, waiting, event.asset, event.partition_key, event.partition_date, now);
  }
}

void write_asset_events(store::Session& session, const std::vector<AssetEvent>& events, Time now) {
  bool is_more_named = false;
  for (const AssetEvent& event : events) {
    const dag::AssetKey& asset = event.asset;
    if (!event.aliases.empty()) {
      session.execute(kMakeAsset, {asset.name, asset.uri, event.asset_extra, now});
    }
    const auto map_index = event.dag_id ? std::optional(event.map_index) : std::nullopt;
    session.execute(kPutEvent, {asset.name, asset.uri, now, event.extra, event.dag_id, event.task_id,
                                event.run_id, map_index, event.partition_key, event.watcher_event});
    for (const std::string& alias : event.aliases) {
      session.execute(kPutAlias, {alias, "asset"});
      is_more_named |= session.execute(kLinkAlias, {alias, asset.name, asset.uri}) != 0;
      session.execute(kPutEventAlias, {alias});
    }
    if (event.effects.empty()) continue;
    const auto id = session.query("SELECT MAX(id) FROM asset_event")[0].integer(0);
    write_partition_effects(session, event.effects, id, {event.dag_id, event.task_id, event.run_id}, now);
  }
  if (is_more_named) activate_assets(session, now);
}

Result<void> check_assets(const dag::Dag& dag) {
  const auto check = [](const dag::AssetLeaf& leaf) -> Result<void> {
    const std::size_t size = leaf.key.name.size() + leaf.key.uri.size();
    if (size <= kLongestAsset) return {};
    return fail(
        ErrorCode::invalid,
        fmt::format("the name and the URI of asset '{}...' have {} bytes together, at most {} are possible",
                    leaf.key.name.substr(0, 50), size, kLongestAsset));
  };
  if (dag.asset_condition) {
    for (const dag::AssetLeaf* leaf : leaves_of(*dag.asset_condition))
      if (auto fine = check(*leaf); !fine) return fine;
  }
  for (const dag::TaskAsset& use : dag.task_assets)
    if (auto fine = check(use.leaf); !fine) return fine;
  return {};
}

bool write_dag_assets(store::Session& session, const dag::Dag& dag, Time now) {
  // Those that stay keep the time at which they came.
  std::vector<store::Params> schedule;
  std::vector<store::Params> uses;
  if (dag.asset_condition) {
    for (const dag::AssetLeaf* leaf : leaves_of(*dag.asset_condition)) {
      put_leaf(session, *leaf, now);
      schedule.push_back({dag.dag_id, to_text(leaf->kind), leaf->key.name, leaf->key.uri, now});
    }
  }
  for (const dag::TaskAsset& use : dag.task_assets) {
    put_leaf(session, use.leaf, now);
    uses.push_back({dag.dag_id, dag.tasks[use.task].task_id, use.is_outlet, to_text(use.leaf.kind),
                    use.leaf.key.name, use.leaf.key.uri, now});
  }
  session.execute_many(
      "INSERT INTO dag_schedule_asset (dag_id, kind, name, uri, created_at, updated_at)"
      " VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (dag_id, kind, name, uri) DO UPDATE SET updated_at = "
      "excluded.updated_at",
      schedule);
  session.execute_many(
      "INSERT INTO task_asset (dag_id, task_id, is_outlet, kind, name, uri, created_at, updated_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (dag_id, task_id, is_outlet, kind, name, uri)"
      " DO UPDATE SET updated_at = excluded.updated_at",
      uses);
  const auto gone_schedule = session.execute(
      "DELETE FROM dag_schedule_asset WHERE dag_id = $1 AND updated_at <> $2", {dag.dag_id, now});
  const auto gone_uses =
      session.execute("DELETE FROM task_asset WHERE dag_id = $1 AND updated_at <> $2", {dag.dag_id, now});
  return gone_schedule + gone_uses != 0;
}

void write_asset_queue(store::Session& session, const scheduler::DagEntry& dag) {
  session.execute("DELETE FROM asset_queue WHERE dag_id = $1", {dag.dag_id});
  for (const auto& [asset, at] : dag.queued_assets) {
    session.execute(
        "INSERT INTO asset_queue (dag_id, asset_id, created_at)"
        " SELECT CAST($1 AS TEXT), id, CAST($4 AS BIGINT) FROM asset WHERE name = $2 AND uri = $3",
        {dag.dag_id, asset.name, asset.uri, at});
  }
}

void write_consumed_events(store::Session& session, const scheduler::Run& run) {
  // With catchup the first run sees all there ever was.
  const auto floor = run.graph->catchup ? std::optional<std::int64_t>(-1) : std::nullopt;
  session.execute(kConsume, {run.dag->dag_id, run.run_id, run.run_after, floor});
}

void load_assets(scheduler::Scheduler& scheduler, store::Session& session) {
  for (const store::Row row : session.query(
           "SELECT l.name, a.name, a.uri FROM asset_alias_asset x JOIN asset_alias l ON l.id = x.alias_id"
           " JOIN asset a ON a.id = x.asset_id")) {
    scheduler.assets().link(row.text(0), {row.text(1), row.text(2)});
  }
  for (const store::Row row : session.query("SELECT q.dag_id, a.name, a.uri, q.created_at FROM asset_queue q "
                                            "JOIN asset a ON a.id = q.asset_id")) {
    scheduler.restore_queued_asset(row.text(0), {row.text(1), row.text(2)}, row.time(3));
  }
}

std::string consumed_events(store::Session& session, const std::string& dag_id, const std::string& run_id) {
  std::map<std::int64_t, json::array> aliases;
  for (const store::Row row : session.query(
           "SELECT x.event_id, l.name FROM dag_run_asset_event c JOIN asset_event_alias x ON x.event_id = "
           "c.event_id"
           " JOIN asset_alias l ON l.id = x.alias_id WHERE c.dag_id = $1 AND c.run_id = $2 ORDER BY l.name",
           {dag_id, run_id})) {
    aliases[row.integer(0)].push_back(json::object{{"name", row.text(1)}});
  }
  const auto parsed = [](const std::string& text) { return parse_json(text).value_or(json::object()); };
  const auto text_or_null = [](const std::optional<std::string>& text) {
    return text ? json::value(*text) : json::value(nullptr);
  };
  json::array out;
  for (const store::Row row : session.query(
           "SELECT e.id, a.name, a.uri, a.extra, e.extra, e.source_task_id, e.source_dag_id, e.source_run_id,"
           " e.source_map_index, e.created_at, e.partition_key FROM dag_run_asset_event c"
           " JOIN asset_event e ON e.id = c.event_id JOIN asset a ON a.id = e.asset_id"
           " WHERE c.dag_id = $1 AND c.run_id = $2 ORDER BY e.created_at, e.id",
           {dag_id, run_id})) {
    const auto map_index = row.find_integer(8);
    out.push_back(
        json::object{{"asset", {{"name", row.text(1)}, {"uri", row.text(2)}, {"extra", parsed(row.text(3))}}},
                     {"extra", parsed(row.text(4))},
                     {"source_task_id", text_or_null(row.find_text(5))},
                     {"source_dag_id", text_or_null(row.find_text(6))},
                     {"source_run_id", text_or_null(row.find_text(7))},
                     {"source_map_index", map_index ? json::value(*map_index) : json::value(nullptr)},
                     {"source_aliases", aliases[row.integer(0)]},
                     {"timestamp", to_iso_z(row.time(9))},
                     {"partition_key", text_or_null(row.find_text(10))}});
  }
  return json::serialize(out);
}

}  // namespace leoflow::engine
