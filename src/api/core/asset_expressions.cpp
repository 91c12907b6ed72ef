#include "api/core/asset_expressions.hpp"

#include <fmt/core.h>

#include "api/core/dag_rows.hpp"

namespace leoflow::api {

namespace {

json::value leaf_expression(const dag::AssetLeaf& leaf, const AssetIndex& assets) {
  switch (leaf.kind) {
    case dag::AssetLeaf::Kind::asset: {
      json::object asset{{"uri", leaf.key.uri}, {"name", leaf.key.name}, {"group", leaf.group}};
      const auto id = assets.id_of(leaf.key);
      asset["id"] = id ? json::value(*id) : json::value(nullptr);
      return json::object{{"asset", std::move(asset)}};
    }
    case dag::AssetLeaf::Kind::alias:
      return json::object{{"alias", json::object{{"name", leaf.key.name}, {"group", leaf.group}}}};
    case dag::AssetLeaf::Kind::name_ref:
      return json::object{{"asset_ref", json::object{{"name", leaf.key.name}}}};
    case dag::AssetLeaf::Kind::uri_ref:
      return json::object{{"asset_ref", json::object{{"uri", leaf.key.uri}}}};
  }
  return nullptr;
}

/// Those of the DAGs whose documents are worth reading.
std::vector<std::string> scheduled_on_assets(Call& call, std::span<const std::string> dag_ids) {
  const store::Params ids(dag_ids.begin(), dag_ids.end());
  std::vector<std::string> found;
  for (const store::Row row :
       call.db().query(fmt::format("SELECT DISTINCT dag_id FROM dag_schedule_asset WHERE dag_id IN ({})",
                                   placeholders(ids.size())),
                       ids)) {
    found.push_back(row.text(0));
  }
  return found;
}

}  // namespace

json::value asset_expression(const dag::AssetCondition& condition, const AssetIndex& assets) {
  if (condition.kind == dag::AssetCondition::Kind::leaf) return leaf_expression(condition.leaf, assets);
  json::array parts;
  for (const dag::AssetCondition& part : condition.parts) parts.push_back(asset_expression(part, assets));
  return json::object{{condition.kind == dag::AssetCondition::Kind::all ? "all" : "any", std::move(parts)}};
}

std::map<std::string, json::value, std::less<>> asset_expressions(Call& call,
                                                                  std::span<const std::string> dag_ids) {
  std::map<std::string, json::value, std::less<>> expressions;
  if (dag_ids.empty()) return expressions;
  const DagLinkMap links = call.api.links.of(call.db(), scheduled_on_assets(call, dag_ids));
  AssetIndex assets;
  for (const auto& [dag_id, link] : links) {
    if (link->condition) assets.want(*link->condition);
  }
  assets.load(call.db());
  for (const auto& [dag_id, link] : links) {
    if (link->condition) expressions[dag_id] = asset_expression(*link->condition, assets);
  }
  return expressions;
}

json::value asset_expression_of(Call& call, const std::string& dag_id) {
  const auto expressions = asset_expressions(call, std::span(&dag_id, 1));
  return expressions.empty() ? json::value(nullptr) : expressions.begin()->second;
}

}  // namespace leoflow::api
