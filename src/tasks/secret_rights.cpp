#include "tasks/secret_rights.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace leoflow::tasks {
namespace {

void add_names(const json::value* holder, std::string_view key, std::vector<std::string>& out) {
  const json::value* names = holder == nullptr ? nullptr : find(*holder, key);
  if (names == nullptr || !names->is_array()) return;
  for (const json::value& name : names->get_array()) {
    if (name.is_string()) out.emplace_back(name.get_string());
  }
}

bool covers(std::string_view declared, std::string_view name) {
  if (!declared.ends_with('*')) return declared == name;
  return name.starts_with(declared.substr(0, declared.size() - 1));
}

}  // namespace

SecretRights SecretRights::read(store::Session& session, const Caller& caller, SecretScope scope) {
  SecretRights out;
  out.is_unlimited_ = caller.is_parsing();
  if (caller.is_parsing()) return out;
  std::optional<std::string> declared;
  if (caller.behalf && caller.behalf->task_instance.is_nil()) {
    out.dag_id = caller.behalf->dag_id;
    const store::Rows rows = session.query(
        "SELECT v.secrets FROM dag d JOIN dag_version v ON v.id = d.current_version_id WHERE d.dag_id = $1",
        {out.dag_id});
    if (!rows.empty()) declared = rows[0].find_text(0);
    return std::move(out).with(declared, scope);
  }
  const Uuid& id = caller.behalf ? caller.behalf->task_instance : caller.attempt;
  // A try that is to be tried again is history while its callbacks still run.
  for (const char* table : {"task_instance", "task_instance_history"}) {
    const store::Rows rows =
        session.query(fmt::format("SELECT ti.dag_id, ti.run_id, ti.task_id, v.secrets FROM {} ti"
                                  " LEFT JOIN dag_version v ON v.id = ti.dag_version_id WHERE ti.id = $1",
                                  table),
                      {id});
    if (rows.empty()) continue;
    store::Reader{rows[0]} >> out.dag_id >> out.run_id >> out.task_id >> declared;
    break;
  }
  return std::move(out).with(declared, scope);
}

SecretRights SecretRights::with(const std::optional<std::string>& declared, SecretScope scope) && {
  if (declared) {
    if (auto parsed = parse_json(*declared)) declared_ = std::move(*parsed);
  }
  is_unlimited_ = scope == SecretScope::permissive && !declared;
  return std::move(*this);
}

std::vector<std::string> SecretRights::names(SecretKind kind) const {
  const std::string_view key = kind == SecretKind::variable ? "variables" : "connections";
  std::vector<std::string> out;
  add_names(&declared_, key, out);
  const json::value* tasks = find(declared_, "tasks");
  add_names(tasks == nullptr ? nullptr : find(*tasks, task_id), key, out);
  return out;
}

bool SecretRights::may_use(SecretKind kind, std::string_view name) const {
  if (is_unlimited_) return true;
  return std::ranges::any_of(names(kind),
                             [&](const std::string& declared) { return covers(declared, name); });
}

std::string_view kind_name(SecretKind kind) {
  return kind == SecretKind::variable ? "variable" : "connection";
}

std::string undeclared(SecretKind kind, std::string_view name) {
  return fmt::format(
      "{0} '{1}' is not declared: name it under '{0}s' in the project's leoflow.yaml, and push the project",
      kind_name(kind), name);
}

}  // namespace leoflow::tasks
