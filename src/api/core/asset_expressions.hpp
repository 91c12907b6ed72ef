#pragma once

#include <map>
#include <span>
#include <string>

#include "api/core/asset_index.hpp"
#include "api/core/call.hpp"

namespace leoflow::api {

/// A schedule's condition as Airflow's API shows it: {"any": [...]}, {"all": [...]}, {"asset": {...}},
/// {"alias": {...}}, {"asset_ref": {...}}.
json::value asset_expression(const dag::AssetCondition& condition, const AssetIndex& assets);

/// The expressions of those DAGs that are scheduled on assets.
std::map<std::string, json::value, std::less<>> asset_expressions(Call& call,
                                                                  std::span<const std::string> dag_ids);

/// The expression of one DAG; null if it is not scheduled on assets.
json::value asset_expression_of(Call& call, const std::string& dag_id);

}  // namespace leoflow::api
