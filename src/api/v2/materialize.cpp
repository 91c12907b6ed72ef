#include <algorithm>
#include <fmt/core.h>

#include "api/core/run_body.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kRunType = "asset_materialization";

/// The one DAG with a task that makes the asset. Errors: not_found, conflict (several).
Result<std::string> maker_of(Call& call, std::int64_t asset_id) {
  const auto rows = call.query(
      "SELECT DISTINCT u.dag_id FROM asset a JOIN task_asset u ON u.kind = 'asset' AND u.name = a.name "
      "AND u.uri = a.uri WHERE a.id = $1 AND u.is_outlet = 1 LIMIT 2",
      {asset_id});
  if (rows.empty()) {
    return fail(ErrorCode::not_found, fmt::format("No Dag materializes asset with ID: {}", asset_id));
  }
  if (rows.size() > 1) {
    return fail(ErrorCode::conflict,
                fmt::format("More than one Dag materializes asset with ID: {}", asset_id));
  }
  return rows[0].text(0);
}

bool allows_materialization(Call& call, const std::string& dag_id) {
  const auto view = call.api.dags.current(call.db(), dag_id);
  const json::value* allowed = view ? find(view->dag(), "allowed_run_types") : nullptr;
  const json::value list = allowed == nullptr ? json::value() : plain(*allowed);
  if (!list.is_array()) return true;
  const json::array& types = list.get_array();
  return std::ranges::find(types, json::value(kRunType)) != types.end();
}

Result<Answer> materialize_asset(Call& call, const gen::MaterializeAssetParams& params,
                                 std::optional<gen::MaterializeAssetBody>& body) {
  const gen::MaterializeAssetBody wanted = body.value_or(gen::MaterializeAssetBody{});
  if (auto refused = refuse_run_body(wanted)) return *refused;
  const auto dag_id = maker_of(call, params.asset_id);
  if (!dag_id) return std::unexpected(dag_id.error());
  if (!allows_materialization(call, *dag_id)) {
    return fail(ErrorCode::invalid,
                fmt::format("Dag with dag_id: '{}' does not allow asset materialization runs", *dag_id));
  }
  engine::TriggerRun command = run_command(call, *dag_id, wanted);
  command.run_type = kRunType;
  return create_run(call, std::move(command));
}

}  // namespace

void bind_materialize(Registry& registry) {
  registry.bind<op::materialize_asset>(materialize_asset);
}

}  // namespace leoflow::api
