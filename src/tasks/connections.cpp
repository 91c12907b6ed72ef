#include "tasks/task_service.hpp"

// Connections; password and extra are sealed in the store.
namespace leoflow::tasks {

void TaskService::get_connection(const Caller& caller, const json::value& request, const Reply& reply) {
  const std::string conn_id = get_text(request, "conn_id");
  if (!admit_to(SecretKind::connection, conn_id, "get_connection", caller))
    return reply(denied({{"conn_id", conn_id}}, undeclared(SecretKind::connection, conn_id)));
  const auto session = database_.read();
  const store::Rows rows = session->query(
      "SELECT conn_type, host, schema_name, login, password, port, extra FROM connection WHERE conn_id = $1",
      {conn_id});
  if (rows.empty()) return reply(missing("CONNECTION_NOT_FOUND", {{"conn_id", conn_id}}));
  const store::Row row = rows[0];

  json::object fields = {{"conn_id", conn_id},
                         {"conn_type", row.text(0)},
                         {"host", to_json(row.find_text(1))},
                         {"schema", to_json(row.find_text(2))},
                         {"login", to_json(row.find_text(3))}};
  for (const auto& [name, column] : {std::pair{"password", 4}, std::pair{"extra", 6}}) {
    const auto sealed = row.find_text(static_cast<std::size_t>(column));
    if (!sealed) {
      fields[name] = nullptr;
      continue;
    }
    auto opened = sealer_.open(*sealed);
    if (!opened) return reply(refused(opened.error()));
    fields[name] = *opened;
  }
  const auto port = row.find_integer(5);
  fields["port"] = port ? json::value(*port) : json::value(nullptr);
  reply(result("ConnectionResult", std::move(fields)));
}

}  // namespace leoflow::tasks
