#pragma once

#include <vector>

#include "api/core/call.hpp"
#include "engine/commands.hpp"
#include "gen/types.hpp"

/// Reading of asset and asset event rows, shared by lists and details.
namespace leoflow::api {

/// Columns and tables for asset_from(): asset a.
extern const std::string_view kAssetColumns;
extern const std::string_view kAssetTables;
gen::AssetResponse asset_from(store::Row row);
/// Adds who schedules, makes and reads each asset, and their aliases; a query for each kind.
void add_asset_uses(store::Session& session, std::vector<gen::AssetResponse>& assets);

/// What the engine calls the asset; nullopt if there is none with that id.
std::optional<dag::AssetKey> find_asset_name(store::Session& session, std::int64_t asset_id);

/// Columns and tables for asset_event_from(): asset_event e, asset a.
extern const std::string_view kAssetEventColumns;
extern const std::string_view kAssetEventTables;
gen::AssetEventResponse asset_event_from(store::Row row);
/// Adds the runs that each event went into, in one query.
void add_created_runs(store::Session& session, std::vector<gen::AssetEventResponse>& events);

}  // namespace leoflow::api
