#pragma once

#include "api/core/call.hpp"
#include "gen/types.hpp"

namespace leoflow::api {

/// The tasks and assets that an asset's content comes from and goes to, over any number of tasks.
/// No nodes if there is no such asset.
gen::BaseGraphResponse data_dependencies(store::Session& session, std::int64_t asset_id);

}  // namespace leoflow::api
