#include <algorithm>

#include "api/testing/assets.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

constexpr const char* kRows = R"(
INSERT INTO asset (id, name, uri, asset_group, extra, is_active, created_at, updated_at) VALUES
  (1, 'orders', 'x://orders', 'asset', '{"unit": "kg", "password": "p"}', 1, 1000000, 2000000),
  (2, 'stock', 'x://stock', 'asset', '{}', 1, 1000000, 1000000),
  (3, 'gone', 'x://gone', 'asset', '{}', 0, 1000000, 1000000),
  (4, 'of-today', 'y://today', 'asset', '{}', 1, 1000000, 1000000);
INSERT INTO asset_alias (id, name, asset_group) VALUES (1, 'latest', 'asset'), (2, 'empty', 'asset');
INSERT INTO asset_alias_asset VALUES (1, 4);
INSERT INTO dag_schedule_asset VALUES
  ('other', 'asset', 'orders', 'x://orders', 1000000, 2000000),
  ('other', 'asset', 'stock', 'x://stock', 1000000, 2000000),
  ('other', 'alias', 'latest', '', 1000000, 2000000);
INSERT INTO task_asset VALUES
  ('hello', 'extract', 1, 'asset', 'orders', 'x://orders', 1000000, 2000000),
  ('hello', 'extract', 0, 'asset', 'stock', 'x://stock', 1000000, 2000000),
  ('hello', 'report', 1, 'asset', 'stock', 'x://stock', 1000000, 2000000),
  ('hello', 'work.left', 1, 'alias', 'latest', '', 1000000, 2000000);
INSERT INTO dag_run (dag_id, run_id, dag_version_id, state, run_type, triggered_by, run_after, conf, updated_at)
  VALUES ('other', 'asset_triggered__1', 'ver-2', 'queued', 'asset_triggered', 'asset', 7000000, '{}', 1);
INSERT INTO asset_event (id, asset_id, created_at, extra, source_dag_id, source_task_id, source_run_id,
  source_map_index, partition_key) VALUES
  (1, 1, 5000000, '{"count": 3, "token": "t"}', 'hello', 'extract', 'manual__1', -1, NULL),
  (2, 1, 6000000, '{}', 'hello', 'extract', 'manual__2', 4, 'day'),
  (3, 1, 6000000, '{"from_rest_api": true}', NULL, NULL, NULL, NULL, NULL),
  (4, 4, 6500000, '{}', 'hello', 'work.left', 'manual__1', -1, NULL);
INSERT INTO asset_event_alias VALUES (4, 1);
INSERT INTO dag_run_asset_event VALUES ('other', 'asset_triggered__1', 1), ('other', 'asset_triggered__1', 2);
INSERT INTO asset_queue VALUES ('other', 1, 6000000), ('other', 2, 8000000), ('hello', 1, 7000000);
UPDATE dag SET timetable_type = 'airflow.timetables.simple.AssetTriggeredTimetable' WHERE dag_id = 'other';
UPDATE dag_version SET serialized = '{"dag": {"dag_id": "other",
  "timetable": {"__type": "airflow.timetables.simple.AssetTriggeredTimetable", "__var": {"asset_condition":
    {"__type": "asset_any", "objects": [
      {"__type": "asset_all", "objects": [
        {"__type": "asset", "name": "orders", "uri": "x://orders", "group": "asset", "extra": {}},
        {"__type": "asset", "name": "stock", "uri": "x://stock", "group": "asset", "extra": {}}]},
      {"__type": "asset_alias", "name": "latest", "group": "asset"},
      {"__type": "asset_ref", "name": "nowhere"}]}}},
  "task_group": {"_group_id": null, "children": {"use": ["operator", "use"]}},
  "tasks": [{"__type": "operator", "__var": {"task_id": "use", "task_type": "EmptyOperator"}}],
  "dag_dependencies": [
    {"source": "asset", "target": "other", "label": "orders", "dependency_type": "asset",
     "dependency_id": "{\"name\": \"orders\", \"uri\": \"x://orders\"}"},
    {"source": "asset", "target": "other", "label": "stock", "dependency_type": "asset",
     "dependency_id": "{\"name\": \"stock\", \"uri\": \"x://stock\"}"},
    {"source": "asset-alias", "target": "other", "label": "latest", "dependency_type": "asset-alias",
     "dependency_id": "latest"},
    {"source": "asset-name-ref", "target": "other", "label": "nowhere", "dependency_type": "asset-name-ref",
     "dependency_id": "nowhere"},
    {"source": "absent", "target": "other", "label": "wait", "dependency_type": "sensor",
     "dependency_id": "wait"}]}}' WHERE id = 'ver-2';
)";

constexpr const char* kHelloDependencies = R"("dag_dependencies": [
    {"source": "hello", "target": "asset", "label": "orders", "dependency_type": "asset",
     "dependency_id": "{\"name\": \"orders\", \"uri\": \"x://orders\"}"},
    {"source": "hello", "target": "asset", "label": "stock", "dependency_type": "asset",
     "dependency_id": "{\"name\": \"stock\", \"uri\": \"x://stock\"}"},
    {"source": "hello", "target": "asset-alias", "label": "latest", "dependency_type": "asset-alias",
     "dependency_id": "latest"},
    {"source": "hello", "target": "other", "label": "start", "dependency_type": "trigger",
     "dependency_id": "start"}], "doc_md":)";

std::string joined(std::vector<std::string> texts) {
  return join(texts, ",");
}

}  // namespace

AssetsTest::AssetsTest() {
  sql(kRows);
  sql("UPDATE dag_version SET serialized = REPLACE(serialized, '\"doc_md\":', '" +
      std::string(kHelloDependencies) + "') WHERE id = 'ver-1'");
  // On PostgreSQL the sequences do not know of rows that brought their numbers.
  if (backend() == store::Backend::postgres) {
    sql("SELECT setval(pg_get_serial_sequence('asset_event', 'id'), 4)");
  }
}

std::string column(const json::array& list, std::string_view name) {
  std::vector<std::string> texts;
  for (const json::value& item : list) {
    const json::value* value = find(item, name);
    texts.push_back(value->is_string() ? std::string(value->get_string()) : json::serialize(*value));
  }
  return joined(std::move(texts));
}

std::string edges_of(const json::value& graph) {
  std::vector<std::string> texts;
  for (const json::value& edge : items(graph, "edges")) {
    texts.push_back(get_text(edge, "source_id") + ">" + get_text(edge, "target_id"));
  }
  std::ranges::sort(texts);
  return joined(std::move(texts));
}

std::string nodes_of(const json::value& graph) {
  std::vector<std::string> texts;
  for (const json::value& node : items(graph, "nodes")) {
    texts.push_back(get_text(node, "type") + " " + get_text(node, "id"));
  }
  return joined(std::move(texts));
}

}  // namespace leoflow::api
