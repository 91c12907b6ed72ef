#pragma once

#include "api/core/asset_index.hpp"
#include "api/core/dag_links.hpp"

namespace leoflow::api {

using DagDependencies = std::map<std::string, std::vector<DagDependency>, std::less<>>;

/// The dependencies with assets under their ids, references replaced by what they refer to, and aliases
/// between their assets and the DAG.
DagDependencies resolve(const DagDependencies& dependencies, store::Session& session);

}  // namespace leoflow::api
