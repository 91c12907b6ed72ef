#include <fmt/core.h>

#include "api/core/asset_rows.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

/// Assets that one of the DAGs is scheduled on, makes or reads. Airflow takes "a,b" for two ids, too.
void filter_dags_of_asset(Select& select, std::vector<std::string> dag_ids) {
  if (dag_ids.size() == 1 && dag_ids[0].find(',') != std::string::npos) dag_ids = split(dag_ids[0], ',');
  if (dag_ids.empty()) return;
  std::string marks;
  for (std::size_t i = 0; i < dag_ids.size(); ++i) marks += i == 0 ? "?" : ", ?";
  store::Params ids(dag_ids.begin(), dag_ids.end());
  ids.insert(ids.end(), dag_ids.begin(), dag_ids.end());
  select.where_list(
      fmt::format("(EXISTS (SELECT 1 FROM dag_schedule_asset u WHERE u.kind = 'asset' AND u.name = a.name "
                  "AND u.uri = a.uri AND u.dag_id IN ({0})) OR EXISTS (SELECT 1 FROM task_asset u WHERE "
                  "u.kind = 'asset' AND u.name = a.name AND u.uri = a.uri AND u.dag_id IN ({0})))",
                  marks),
      ids);
}

Result<Answer> get_assets(Call& call, const gen::GetAssetsParams& params) {
  Select select(kAssetColumns, kAssetTables);
  if (params.only_active) select.where("a.is_active = 1");
  select.pattern("a.name", params.name_pattern).prefix("a.name", params.name_prefix_pattern);
  select.pattern("a.uri", params.uri_pattern).prefix("a.uri", params.uri_prefix_pattern);
  filter_dags_of_asset(select, params.dag_ids);
  static constexpr OrderKey kAssetOrder[] = {{"id", "a.id"},
                                             {"name", "a.name"},
                                             {"uri", "a.uri"},
                                             {"created_at", "a.created_at"},
                                             {"updated_at", "a.updated_at"}};
  if (auto ordered = select.order(params.order_by, kAssetOrder, "a.id"); !ordered)
    return std::unexpected(ordered.error());
  gen::AssetCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.assets.push_back(asset_from(row));
  }
  add_asset_uses(call.db(), list.assets);
  return ok(list);
}

Result<Answer> get_asset(Call& call, const gen::GetAssetParams& params) {
  const auto rows = call.db().query(
      fmt::format("SELECT {} FROM {} WHERE a.id = $1", kAssetColumns, kAssetTables), {params.asset_id});
  if (rows.empty()) {
    return fail(ErrorCode::not_found, fmt::format("The Asset with ID: `{}` was not found", params.asset_id));
  }
  std::vector<gen::AssetResponse> assets{asset_from(rows[0])};
  add_asset_uses(call.db(), assets);
  return ok(assets[0]);
}

gen::AssetAliasResponse alias_from(store::Row row) {
  return {row.integer(0), row.text(1), row.text(2)};
}

Result<Answer> get_asset_aliases(Call& call, const gen::GetAssetAliasesParams& params) {
  Select select("id, name, asset_group", "asset_alias");
  select.pattern("name", params.name_pattern).prefix("name", params.name_prefix_pattern);
  static constexpr OrderKey kAssetOrder[] = {{"id", "id"}, {"name", "name"}};
  if (auto ordered = select.order(params.order_by, kAssetOrder, "id"); !ordered)
    return std::unexpected(ordered.error());
  gen::AssetAliasCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.asset_aliases.push_back(alias_from(row));
  }
  return ok(list);
}

Result<Answer> get_asset_alias(Call& call, const gen::GetAssetAliasParams& params) {
  const auto rows =
      call.query("SELECT id, name, asset_group FROM asset_alias WHERE id = $1", {params.asset_alias_id});
  if (rows.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("The Asset Alias with ID: `{}` was not found", params.asset_alias_id));
  }
  return ok(alias_from(rows[0]));
}

}  // namespace

void bind_assets(Registry& registry) {
  registry.bind<op::get_assets>(get_assets);
  registry.bind<op::get_asset>(get_asset);
  registry.bind<op::get_asset_aliases>(get_asset_aliases);
  registry.bind<op::get_asset_alias>(get_asset_alias);
}

}  // namespace leoflow::api
