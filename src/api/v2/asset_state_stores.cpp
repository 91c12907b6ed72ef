#include <fmt/core.h>

#include "api/core/python_text.hpp"
#include "api/core/select.hpp"
#include "api/core/state_value.hpp"
#include "api/resources.hpp"

// What is remembered of assets (Airflow's asset state store).
namespace leoflow::api {

namespace {

constexpr std::string_view kAssetStateColumns =
    "key, value, updated_at, writer_kind, writer_dag_id, writer_run_id, writer_task_id, writer_map_index";

Result<void> require_asset(store::Session& session, std::int64_t id) {
  if (!session.query("SELECT 1 FROM asset WHERE id = $1", {id}).empty()) return {};
  return fail(ErrorCode::not_found, fmt::format("Asset with id {} not found", id));
}

gen::AssetStateStoreResponse asset_entry_from(store::Row row) {
  gen::AssetStateStoreResponse entry;
  std::string value;
  std::optional<std::string> kind;
  gen::AssetStateStoreLastUpdatedBy writer;
  store::Reader(row) >> entry.key >> value >> entry.updated_at >> kind >> writer.dag_id >> writer.run_id >>
      writer.task_id >> writer.map_index;
  entry.value = parse_json(value).value_or(nullptr);
  if (kind) {
    writer.kind = *kind;
    entry.last_updated_by = std::move(writer);
  }
  return entry;
}

Result<Answer> list_asset_entries(Call& call, const gen::ListAssetStateStoreParams& params) {
  if (auto there = require_asset(call.db(), params.asset_id); !there) return std::unexpected(there.error());
  Select select(kAssetStateColumns, "asset_state_store");
  select.where("asset_id = ?", {params.asset_id});
  gen::AssetStateStoreCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.order_sql("key").page(params.limit, params.offset).rows(call.db())) {
    list.asset_state_store.push_back(asset_entry_from(row));
  }
  return ok(list);
}

Result<Answer> get_asset_entry(Call& call, const gen::GetAssetStateStoreParams& params) {
  if (auto there = require_asset(call.db(), params.asset_id); !there) return std::unexpected(there.error());
  const auto rows = call.db().query(
      fmt::format("SELECT {} FROM asset_state_store WHERE asset_id = $1 AND key = $2", kAssetStateColumns),
      {params.asset_id, params.key});
  if (rows.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("Asset state store key {} not found", python_repr(params.key)));
  }
  return ok(asset_entry_from(rows[0]));
}

Result<Answer> change_asset_state(Call& call, std::int64_t asset_id,
                                  const std::function<void(store::Session&)>& work) {
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    if (auto there = require_asset(session, asset_id); !there) return there;
    work(session);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return no_content();
}

Result<Answer> set_asset_entry(Call& call, const gen::SetAssetStateStoreParams& params,
                               gen::AssetStateStoreBody& body) {
  if (auto refused = check_state_value(body.value)) return std::move(*refused);
  return change_asset_state(call, params.asset_id, [&](store::Session& session) {
    session.execute(
        "INSERT INTO asset_state_store (asset_id, key, value, updated_at, writer_kind)"
        " VALUES ($1, $2, $3, $4, 'api')"
        " ON CONFLICT (asset_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,"
        " writer_kind = excluded.writer_kind, writer_dag_id = NULL, writer_run_id = NULL,"
        " writer_task_id = NULL, writer_map_index = NULL",
        {params.asset_id, params.key, json::serialize(body.value), call.now()});
  });
}

Result<Answer> delete_asset_entry(Call& call, const gen::DeleteAssetStateStoreParams& params) {
  return change_asset_state(call, params.asset_id, [&](store::Session& session) {
    session.execute("DELETE FROM asset_state_store WHERE asset_id = $1 AND key = $2",
                    {params.asset_id, params.key});
  });
}

Result<Answer> clear_asset_entries(Call& call, const gen::ClearAssetStateStoreParams& params) {
  return change_asset_state(call, params.asset_id, [&](store::Session& session) {
    session.execute("DELETE FROM asset_state_store WHERE asset_id = $1", {params.asset_id});
  });
}

}  // namespace

void bind_asset_state_stores(Registry& registry) {
  registry.bind<op::list_asset_state_store>(list_asset_entries);
  registry.bind<op::get_asset_state_store>(get_asset_entry);
  registry.bind<op::set_asset_state_store>(set_asset_entry);
  registry.bind<op::delete_asset_state_store>(delete_asset_entry);
  registry.bind<op::clear_asset_state_store>(clear_asset_entries);
}

}  // namespace leoflow::api
