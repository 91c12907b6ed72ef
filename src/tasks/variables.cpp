#include <fmt/format.h>

#include "tasks/task_service.hpp"

// Variables, sealed in the store.
namespace leoflow::tasks {
namespace {

constexpr std::string_view kPutVariable =
    "INSERT INTO variable (key, value, description, updated_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value, description = excluded.description,"
    " updated_at = excluded.updated_at";

/// " AND (...)": of the keys only those that are declared.
std::string declared_only(const SecretRights& rights, store::Params& params) {
  std::string out;
  for (std::string name : rights.names(SecretKind::variable)) {
    const bool is_prefix = name.ends_with('*');
    if (is_prefix) name.pop_back();
    const auto length = static_cast<std::int64_t>(name.size());
    params.emplace_back(std::move(name));
    const std::size_t number = params.size();
    out += out.empty() ? "" : " OR ";
    if (is_prefix) {
      params.emplace_back(length);
      out += fmt::format("SUBSTR(key, 1, ${}) = ${}", number + 1, number);
    } else {
      out += fmt::format("key = ${}", number);
    }
  }
  return out.empty() ? " AND 1 = 0" : " AND (" + out + ")";
}

}  // namespace

void TaskService::get_variable(const Caller& caller, const json::value& request, const Reply& reply) {
  const std::string key = get_text(request, "key");
  if (!admit_to(SecretKind::variable, key, "get_variable", caller))
    return reply(denied({{"key", key}}, undeclared(SecretKind::variable, key)));
  const auto session = database_.read();
  const store::Rows rows = session->query("SELECT value FROM variable WHERE key = $1", {key});
  if (rows.empty()) return reply(missing("VARIABLE_NOT_FOUND", {{"key", key}}));
  const auto value = sealer_.open(rows[0].text(0));
  if (!value) return reply(refused(value.error()));
  reply(result("VariableResult", {{"key", key}, {"value", *value}}));
}

void TaskService::get_variable_keys(const Caller& caller, const json::value& request, const Reply& reply) {
  const std::string prefix = find_text(request, "prefix").value_or("");
  const auto session = database_.read();
  // Not LIKE: a prefix may hold its wildcards.
  std::string where = " FROM variable WHERE SUBSTR(key, 1, $2) = $1";
  store::Params params = {prefix, static_cast<std::int64_t>(prefix.size())};
  const SecretRights rights = SecretRights::read(*session, caller, scope_);
  if (!rights.is_unlimited()) where += declared_only(rights, params);
  const store::Rows total = session->query("SELECT COUNT(*)" + where, params);
  where += fmt::format(" ORDER BY key LIMIT ${} OFFSET ${}", params.size() + 1, params.size() + 2);
  params.emplace_back(get_integer(request, "limit", 1000));
  params.emplace_back(get_integer(request, "offset", 0));
  json::array keys;
  for (const store::Row row : session->query("SELECT key" + where, params)) keys.emplace_back(row.text(0));
  reply(result("VariableKeysResult", {{"keys", std::move(keys)}, {"total_entries", total[0].integer(0)}}));
}

void TaskService::put_variable(const Caller& caller, const json::value& request, const Reply& reply) {
  const std::string key = get_text(request, "key");
  if (!admit_to(SecretKind::variable, key, "put_variable", caller))
    return reply(refused(403, undeclared(SecretKind::variable, key)));
  const std::string value = find_text(request, "value").value_or("");
  write([key, sealed = sealer_.seal(value), description = find_text(request, "description"),
         now = clock_.now()](
            store::Session& session) { session.execute(kPutVariable, {key, sealed, description, now}); },
        reply);
}

void TaskService::delete_variable(const Caller& caller, const json::value& request, const Reply& reply) {
  const std::string key = get_text(request, "key");
  if (!admit_to(SecretKind::variable, key, "delete_variable", caller))
    return reply(refused(403, undeclared(SecretKind::variable, key)));
  write([key](store::Session& session) { session.execute("DELETE FROM variable WHERE key = $1", {key}); },
        reply, result("OKResponse", {{"ok", true}}));
}

}  // namespace leoflow::tasks
