#include <fmt/format.h>

#include "tasks/task_service.hpp"

// What a task remembers across its tries, and what is remembered of an asset.
namespace leoflow::tasks {
namespace {

// By the attempt that asks: it names its task instance. Nothing is written for one that is gone.
constexpr std::string_view kOfAttempt =
    " FROM task_instance t WHERE t.id = $1 AND s.dag_id = t.dag_id AND s.run_id = t.run_id"
    " AND s.task_id = t.task_id AND s.map_index = t.map_index";

constexpr std::string_view kPutTask =
    "INSERT INTO task_state_store (dag_id, run_id, task_id, map_index, key, value, updated_at, expires_at)"
    " SELECT dag_id, run_id, task_id, map_index, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT),"
    " CAST($5 AS BIGINT) FROM task_instance WHERE id = $1"
    " ON CONFLICT (dag_id, run_id, task_id, map_index, key) DO UPDATE SET value = excluded.value,"
    " updated_at = excluded.updated_at, expires_at = excluded.expires_at";

constexpr std::string_view kPutAsset =
    "INSERT INTO asset_state_store (asset_id, key, value, updated_at, writer_kind, writer_dag_id,"
    " writer_run_id, writer_task_id, writer_map_index)"
    " SELECT a.id, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($7 AS TEXT), t.dag_id, "
    "t.run_id,"
    " t.task_id, t.map_index FROM asset a LEFT JOIN task_instance t ON t.id = $6"
    " WHERE (($1 <> '' AND a.name = $1) OR ($2 <> '' AND a.uri = $2))"
    " AND (t.id IS NOT NULL OR $7 = 'watcher')"
    " ON CONFLICT (asset_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,"
    " writer_kind = excluded.writer_kind, writer_dag_id = excluded.writer_dag_id,"
    " writer_run_id = excluded.writer_run_id, writer_task_id = excluded.writer_task_id,"
    " writer_map_index = excluded.writer_map_index";

constexpr std::string_view kOfAsset =
    "asset_id IN (SELECT id FROM asset WHERE ($1 <> '' AND name = $1) OR ($2 <> '' AND uri = $2))";

std::string value_text(const json::value& request) {
  const json::value* value = find(request, "value");
  return value == nullptr ? "null" : json::serialize(*value);
}

Answer found_or(const store::Rows& rows, std::string_view type, std::string_view error,
                const json::value& request) {
  if (rows.empty()) return missing(error, {{"key", get_text(request, "key")}});
  return result(type, {{"value", parse_json(rows[0].text(0)).value_or(nullptr)}});
}

}  // namespace

void TaskService::get_task_state_store(const Caller& caller, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows = session->query(
      "SELECT s.value FROM task_state_store s JOIN task_instance t ON s.dag_id = t.dag_id AND s.run_id = "
      "t.run_id"
      " AND s.task_id = t.task_id AND s.map_index = t.map_index WHERE t.id = $1 AND s.key = $2"
      " AND (s.expires_at IS NULL OR s.expires_at > $3)",
      {caller.attempt, get_text(request, "key"), clock_.now()});
  reply(found_or(rows, "TaskStateStoreResult", "TASK_STORE_NOT_FOUND", request));
}

void TaskService::set_task_state_store(const Caller& caller, const json::value& request, const Reply& reply) {
  write([params = store::Params{caller.attempt, get_text(request, "key"), value_text(request), clock_.now(),
                                find_time(request, "expires_at")}](
            store::Session& session) { session.execute(kPutTask, params); },
        reply);
}

void TaskService::delete_task_state_store(const Caller& caller, const json::value& request,
                                          const Reply& reply) {
  // "" stands for every key.
  write(
      [params = store::Params{caller.attempt, get_text(request, "key")}](store::Session& session) {
        session.execute(
            "DELETE FROM task_state_store AS s WHERE ($2 = '' OR s.key = $2) AND EXISTS (SELECT 1" +
                std::string(kOfAttempt) + ")",
            params);
      },
      reply);
}

void TaskService::get_asset_state_store(const Caller&, const json::value& request, const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows =
      session->query("SELECT value FROM asset_state_store WHERE key = $3 AND " + std::string(kOfAsset),
                     {get_text(request, "name"), get_text(request, "uri"), get_text(request, "key")});
  reply(found_or(rows, "AssetStateStoreResult", "ASSET_STORE_NOT_FOUND", request));
}

void TaskService::set_asset_state_store(const Caller& caller, const json::value& request,
                                        const Reply& reply) {
  write([params = store::Params{get_text(request, "name"), get_text(request, "uri"), get_text(request, "key"),
                                value_text(request), clock_.now(), caller.attempt,
                                caller.attempt.is_nil() ? "watcher" : "task"}](
            store::Session& session) { session.execute(kPutAsset, params); },
        reply);
}

void TaskService::delete_asset_state_store(const Caller&, const json::value& request, const Reply& reply) {
  write(
      [params = store::Params{get_text(request, "name"), get_text(request, "uri"), get_text(request, "key")}](
          store::Session& session) {
        session.execute(
            "DELETE FROM asset_state_store WHERE ($3 = '' OR key = $3) AND " + std::string(kOfAsset), params);
      },
      reply);
}

}  // namespace leoflow::tasks
