#include <fmt/format.h>

#include "tasks/task_service.hpp"

// Variables, sealed in the store.
namespace leoflow::tasks {
namespace {

constexpr std::string_view kPutVariable =
    "INSERT INTO variable (key, value, description, updated_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value, description = excluded.description,"
    " updated_at = excluded.updated_at";

}  // namespace

void TaskService::get_variable(const Caller&, const json::value& request, const Reply& reply) {
  const std::string key = get_text(request, "key");
  const auto session = database_.read();
  const store::Rows rows = session->query("SELECT value FROM variable WHERE key = $1", {key});
  if (rows.empty()) return reply(missing("VARIABLE_NOT_FOUND", {{"key", key}}));
  const auto value = sealer_.open(rows[0].text(0));
  if (!value) return reply(refused(value.error()));
  reply(result("VariableResult", {{"key", key}, {"value", *value}}));
}

void TaskService::get_variable_keys(const Caller&, const json::value& request, const Reply& reply) {
  const std::string prefix = find_text(request, "prefix").value_or("");
  const auto session = database_.read();
  // Not LIKE: a prefix may hold its wildcards.
  const std::string where = " FROM variable WHERE SUBSTR(key, 1, $2) = $1";
  const auto length = static_cast<std::int64_t>(prefix.size());
  const store::Rows rows = session->query(
      "SELECT key" + where + " ORDER BY key LIMIT $3 OFFSET $4",
      {prefix, length, get_integer(request, "limit", 1000), get_integer(request, "offset", 0)});
  json::array keys;
  for (const store::Row row : rows) keys.emplace_back(row.text(0));
  const store::Rows total = session->query("SELECT COUNT(*)" + where, {prefix, length});
  reply(result("VariableKeysResult", {{"keys", std::move(keys)}, {"total_entries", total[0].integer(0)}}));
}

void TaskService::put_variable(const Caller&, const json::value& request, const Reply& reply) {
  const std::string value = find_text(request, "value").value_or("");
  write([key = get_text(request, "key"), sealed = sealer_.seal(value),
         description = find_text(request, "description"), now = clock_.now()](
            store::Session& session) { session.execute(kPutVariable, {key, sealed, description, now}); },
        reply);
}

void TaskService::delete_variable(const Caller&, const json::value& request, const Reply& reply) {
  write([key = get_text(request, "key")](
            store::Session& session) { session.execute("DELETE FROM variable WHERE key = $1", {key}); },
        reply, result("OKResponse", {{"ok", true}}));
}

}  // namespace leoflow::tasks
