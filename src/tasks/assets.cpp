#include <fmt/format.h>

#include "tasks/task_service.hpp"

// Assets and their events, as tasks ask for them.
namespace leoflow::tasks {
namespace {

constexpr std::string_view kAssetColumns = "SELECT a.name, a.uri, a.asset_group, a.extra FROM asset a";

json::value parsed(const std::string& text) {
  return parse_json(text).value_or(json::object());
}

json::object asset_fields(store::Row row, std::size_t first = 0) {
  return {{"name", row.text(first)},
          {"uri", row.text(first + 1)},
          {"group", row.text(first + 2)},
          {"extra", parsed(row.text(first + 3))}};
}

Answer no_asset(const json::value& request) {
  json::object detail;
  for (const char* key : {"name", "uri"}) {
    if (const auto text = find_text(request, key)) detail[key] = *text;
  }
  return missing("ASSET_NOT_FOUND", std::move(detail));
}

/// The runs that an event made.
json::array created_runs(store::Session& session, std::int64_t event_id) {
  json::array out;
  for (const store::Row row : session.query("SELECT r.run_id, r.dag_id, r.logical_date, r.start_date, "
                                            "r.end_date, r.state, r.data_interval_start,"
                                            " r.data_interval_end, r.partition_key FROM dag_run_asset_event c"
                                            " JOIN dag_run r ON r.dag_id = c.dag_id AND r.run_id = c.run_id "
                                            "WHERE c.event_id = $1 ORDER BY r.id",
                                            {event_id})) {
    out.push_back(json::object{{"run_id", row.text(0)},
                               {"dag_id", row.text(1)},
                               {"logical_date", to_json(row.find_time(2))},
                               {"start_date", to_json(row.find_time(3))},
                               {"end_date", to_json(row.find_time(4))},
                               {"state", row.text(5)},
                               {"data_interval_start", to_json(row.find_time(6))},
                               {"data_interval_end", to_json(row.find_time(7))},
                               {"partition_key", to_json(row.find_text(8))}});
  }
  return out;
}

Answer events_result(store::Session& session, std::string from, Conditions where,
                     const json::value& request) {
  std::string sql =
      "SELECT e.id, e.created_at, e.extra, e.source_task_id, e.source_dag_id, e.source_run_id,"
      " e.source_map_index, e.partition_key, a.name, a.uri, a.asset_group, a.extra FROM asset_event e"
      " JOIN asset a ON a.id = e.asset_id" +
      std::move(from) + where.sql();
  const bool ascending = get_bool(request, "ascending", true);
  sql += ascending ? " ORDER BY e.created_at, e.id" : " ORDER BY e.created_at DESC, e.id DESC";
  if (const auto limit = find_integer(request, "limit"); limit > 0) sql += fmt::format(" LIMIT {}", *limit);
  json::array events;
  for (const store::Row row : session.query(sql, where.params())) {
    const auto map_index = row.find_integer(6);
    events.push_back(
        json::object{{"id", row.integer(0)},
                     {"timestamp", to_iso_z(row.time(1))},
                     {"extra", parsed(row.text(2))},
                     {"asset", asset_fields(row, 8)},
                     {"created_dagruns", created_runs(session, row.integer(0))},
                     {"source_task_id", to_json(row.find_text(3))},
                     {"source_dag_id", to_json(row.find_text(4))},
                     {"source_run_id", to_json(row.find_text(5))},
                     {"source_map_index", map_index ? json::value(*map_index) : json::value(nullptr)},
                     {"partition_key", to_json(row.find_text(7))}});
  }
  return result("AssetEventsResult", {{"asset_events", std::move(events)}});
}

Conditions time_window(const json::value& request) {
  Conditions where;
  if (const auto after = find_time(request, "after")) where.compare("e.created_at", ">=", *after);
  if (const auto before = find_time(request, "before")) where.compare("e.created_at", "<=", *before);
  return where;
}

}  // namespace

engine::OutletReport read_outlets(const json::value& request) {
  using Kind = dag::AssetLeaf::Kind;
  engine::OutletReport report;
  if (const json::value* outlets = find(request, "task_outlets"); outlets != nullptr && outlets->is_array()) {
    for (const json::value& outlet : outlets->get_array()) {
      dag::AssetLeaf leaf;
      const std::string type = get_text(outlet, "type");
      leaf.kind = type == "AssetAlias"     ? Kind::alias
                  : type == "AssetNameRef" ? Kind::name_ref
                  : type == "AssetUriRef"  ? Kind::uri_ref
                                           : Kind::asset;
      leaf.key = {get_text(outlet, "name"), get_text(outlet, "uri")};
      report.outlets.push_back(std::move(leaf));
    }
  }
  if (const json::value* events = find(request, "outlet_events"); events != nullptr && events->is_array()) {
    for (const json::value& entry : events->get_array()) {
      engine::OutletEvent event;
      event.alias = find_text(entry, "source_alias_name");
      event.partition_key = find_text(entry, "partition_key");
      if (const json::value* key = find(entry, "dest_asset_key")) {
        event.asset = {get_text(*key, "name"), get_text(*key, "uri")};
      }
      if (const json::value* extra = find(entry, "extra"); extra != nullptr && extra->is_object()) {
        event.extra = json::serialize(*extra);
      }
      if (const json::value* extra = find(entry, "dest_asset_extra");
          extra != nullptr && extra->is_object()) {
        event.asset_extra = json::serialize(*extra);
      }
      report.events.push_back(std::move(event));
    }
  }
  return report;
}

void TaskService::get_asset(const Caller&, const json::value& request, const Reply& reply) {
  Conditions where;
  for (const char* key : {"name", "uri"}) {
    if (const auto text = find_text(request, key)) where.equal(std::string("a.") + key, *text);
  }
  where.equal("a.is_active", 1);
  const auto session = database_.read();
  const store::Rows rows = session->query(std::string(kAssetColumns) + where.sql(), where.params());
  if (rows.empty()) return reply(no_asset(request));
  reply(result("AssetResult", asset_fields(rows[0])));
}

void TaskService::get_assets_by_alias(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  json::array assets;
  for (const store::Row row : session->query(
           std::string(kAssetColumns) +
               " JOIN asset_alias_asset x ON x.asset_id = a.id JOIN asset_alias l ON l.id = x.alias_id"
               " WHERE l.name = $1 ORDER BY a.id",
           {get_text(request, "alias_name")})) {
    assets.push_back(asset_fields(row));
  }
  reply(result("AssetsByAliasResult", {{"assets", std::move(assets)}}));
}

void TaskService::get_asset_events(const Caller&, const json::value& request, const Reply& reply) {
  Conditions where = time_window(request);
  for (const char* key : {"name", "uri"}) {
    if (const auto text = find_text(request, key)) where.equal(std::string("a.") + key, *text);
  }
  // A name may have passed from one asset to another.
  if (!find_text(request, "name") || !find_text(request, "uri")) where.equal("a.is_active", 1);
  const auto session = database_.read();
  reply(events_result(*session, "", std::move(where), request));
}

void TaskService::get_alias_events(const Caller&, const json::value& request, const Reply& reply) {
  Conditions where = time_window(request);
  where.equal("l.name", get_text(request, "alias_name"));
  const auto session = database_.read();
  reply(events_result(
      *session, " JOIN asset_event_alias x ON x.event_id = e.id JOIN asset_alias l ON l.id = x.alias_id",
      std::move(where), request));
}

void TaskService::validate_assets(const Caller& caller, const json::value&, const Reply& reply) {
  const auto session = database_.read();
  json::array inactive;
  for (const store::Row row :
       session->query("SELECT u.name, u.uri FROM task_asset u JOIN task_instance t ON t.dag_id = u.dag_id"
                      " AND t.task_id = u.task_id WHERE t.id = $1 AND u.kind = 'asset' AND NOT EXISTS"
                      " (SELECT 1 FROM asset a WHERE a.name = u.name AND a.uri = u.uri AND a.is_active = 1)",
                      {caller.attempt})) {
    inactive.push_back(json::object{{"name", row.text(0)}, {"uri", row.text(1)}, {"type", "Asset"}});
  }
  reply(result("InactiveAssetsResult", {{"inactive_assets", std::move(inactive)}}));
}

}  // namespace leoflow::tasks
