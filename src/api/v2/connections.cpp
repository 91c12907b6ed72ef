#include <fmt/core.h>

#include "api/core/bulk.hpp"
#include "api/core/connection_rows.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

using Mask = std::optional<std::vector<std::string>>;

std::unexpected<Error> no_connection(const std::string& id) {
  return fail(ErrorCode::not_found, fmt::format("The Connection with connection_id: `{}` was not found", id));
}

Result<Answer> answer_with(Call& call, const std::string& id, int status) {
  const auto rows =
      call.db().query(fmt::format("SELECT {} FROM connection WHERE conn_id = $1", kConnectionColumns), {id});
  if (rows.empty()) return no_connection(id);
  return ok(connection_from(call, rows[0]), status);
}

Result<void> create_connection(Call& call, gen::ConnectionBody& body) {
  auto done = call.api.commands.write(
      [&, row = connection_row(call.api.sealer, body, call.now())](store::Session& session) -> Result<void> {
        session.execute(kInsertConnection, row);
        return {};
      });
  if (!done && done.error().code == ErrorCode::conflict) {
    return fail(ErrorCode::conflict,
                fmt::format("The Connection with connection_id: `{}` already exists", body.connection_id));
  }
  return done;
}

Result<void> update_connection(Call& call, gen::ConnectionBody& body, const Mask& mask) {
  auto done = call.api.commands.write([&, now = call.now()](store::Session& session) -> Result<void> {
    const auto rows =
        session.query(fmt::format("SELECT {} FROM connection WHERE conn_id = $1", kConnectionColumns),
                      {body.connection_id});
    if (rows.empty()) return no_connection(body.connection_id);
    keep_stored(call, rows[0], mask, body);
    session.execute(
        "UPDATE connection SET conn_type = $2, description = $3, host = $4, login = $5, schema_name = $6, "
        "port = $7, password = $8, extra = $9, updated_at = $10 WHERE conn_id = $1",
        connection_row(call.api.sealer, body, now));
    return {};
  });
  return done;
}

Result<void> remove_connection(Call& call, const std::string& id) {
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    if (session.execute("DELETE FROM connection WHERE conn_id = $1", {id}) == 0) return no_connection(id);
    return {};
  });
  return done;
}

Result<Answer> get_connections(Call& call, const gen::GetConnectionsParams& params) {
  Select select(kConnectionColumns, "connection");
  select.pattern("conn_id", params.connection_id_pattern)
      .prefix("conn_id", params.connection_id_prefix_pattern);
  static constexpr OrderKey kConnectionOrder[] = {{"id", "id"},
                                                  {"conn_id", "conn_id"},
                                                  {"connection_id", "conn_id"},
                                                  {"conn_type", "conn_type"},
                                                  {"description", "description"},
                                                  {"host", "host"},
                                                  {"port", "port"},
                                                  {"team_name", "id"}};
  if (auto ordered = select.order(params.order_by, kConnectionOrder, "id"); !ordered) {
    return std::unexpected(ordered.error());
  }
  gen::ConnectionCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.connections.push_back(connection_from(call, row));
  }
  return ok(list);
}

Result<Answer> get_connection(Call& call, const gen::GetConnectionParams& params) {
  return answer_with(call, params.connection_id, 200);
}

Result<Answer> post_connection(Call& call, const gen::PostConnectionParams&, gen::ConnectionBody& body) {
  const auto done = create_connection(call, body);
  if (!done && done.error().code == ErrorCode::conflict) return unique_violation(done.error().message);
  if (!done) return std::unexpected(done.error());
  return answer_with(call, body.connection_id, 201);
}

Result<Answer> patch_connection(Call& call, const gen::PatchConnectionParams& params,
                                gen::ConnectionBody& body) {
  if (body.connection_id != params.connection_id) {
    return fail(ErrorCode::invalid, "The connection_id in the request body does not match the URL parameter");
  }
  if (auto done = update_connection(call, body, params.update_mask); !done)
    return std::unexpected(done.error());
  return answer_with(call, body.connection_id, 200);
}

Result<Answer> delete_connection(Call& call, const gen::DeleteConnectionParams& params) {
  if (auto done = remove_connection(call, params.connection_id); !done) return std::unexpected(done.error());
  return no_content();
}

Result<Answer> bulk_connections(Call& call, const gen::BulkConnectionsParams&,
                                gen::BulkBody_ConnectionBody_& body) {
  const BulkHandlers<gen::ConnectionBody> handlers{
      "connections with these connection_ids",
      [&](const std::string& key) {
        return !call.query("SELECT 1 FROM connection WHERE conn_id = $1", {key}).empty();
      },
      [](const auto& connection) { return connection.connection_id; },
      [&](auto& connection) { return create_connection(call, connection); },
      [&](auto& connection, const Mask& mask) { return update_connection(call, connection, mask); },
      [&](const std::string& id) { return remove_connection(call, id); }};
  return run_bulk<gen::ConnectionBody, gen::BulkCreateAction_ConnectionBody_,
                  gen::BulkUpdateAction_ConnectionBody_, gen::BulkDeleteAction_ConnectionBody_>(body,
                                                                                                handlers);
}

Result<Answer> hook_meta_data(Call& call, const gen::HookMetaDataParams&) {
  const auto forms = call.api.catalog.read(call.api.commands, "hook_meta");
  if (!forms) return std::unexpected(forms.error());
  Answer answer;
  answer.body = json::serialize(*forms);
  return answer;
}

/// Those that are there already stay as they are.
Result<Answer> create_default_connections(Call& call, const gen::CreateDefaultConnectionsParams&) {
  const auto connections = call.api.catalog.read(call.api.commands, "default_connections");
  if (!connections) return std::unexpected(connections.error());
  std::vector<store::Params> rows;
  for (const json::value& wanted : *connections) {
    gen::ConnectionBody body;
    wire::Problems problems;
    body.parse(wanted, wire::Location("body"), problems);
    if (!problems.empty()) {
      return fail(ErrorCode::unavailable, "a default connection: " + json::serialize(problems.list()));
    }
    rows.push_back(connection_row(call.api.sealer, body, call.now()));
  }
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    session.execute_many(std::string(kInsertConnection) + " ON CONFLICT (conn_id) DO NOTHING", rows);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return no_content();
}

}  // namespace

void bind_connections(Registry& registry) {
  registry.bind<op::get_connections>(get_connections);
  registry.bind<op::get_connection>(get_connection);
  registry.bind<op::post_connection>(post_connection);
  registry.bind<op::patch_connection>(patch_connection);
  registry.bind<op::delete_connection>(delete_connection);
  registry.bind<op::bulk_connections>(bulk_connections);
  registry.bind<op::hook_meta_data>(hook_meta_data);
  registry.bind<op::create_default_connections>(create_default_connections);
}

}  // namespace leoflow::api
