#pragma once

#include "api/core/asset_index.hpp"
#include "gen/types.hpp"

namespace leoflow::api {

/// Adds to a DAG's graph the condition of its schedule: a gate for each "all" and "any", before it the
/// assets and inner gates, behind the outermost the DAG's first node.
void add_upstream_assets(const dag::AssetCondition& condition, const AssetIndex& assets,
                         const std::string& entry, gen::StructureDataResponse& data);

}  // namespace leoflow::api
