#pragma once

#include "api/core/call.hpp"
#include "gen/types.hpp"

namespace leoflow::api {

/// Adds to a DAG's graph what starts it (assets, aliases, other DAGs, sensors) and what it starts.
/// @param version_number the shown version, the newest if absent; what came out of aliases is that version's.
void add_external_dependencies(Call& call, const std::string& dag_id,
                               std::optional<std::int64_t> version_number, gen::StructureDataResponse& data);

}  // namespace leoflow::api
