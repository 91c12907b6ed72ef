#pragma once

#include "api/core/asset_index.hpp"
#include "api/core/dag_access.hpp"
#include "api/core/dag_links.hpp"

namespace leoflow::api {

using DagDependencies = std::map<std::string, std::vector<DagDependency>, std::less<>>;

/// The dependencies with assets under their ids, references replaced by what they refer to, and aliases
/// between their assets and the DAG.
DagDependencies resolve(const DagDependencies& dependencies, store::Session& session);

/// Without the triggers and sensors that are between it and a DAG that may not be read.
/// @param dependencies  of a DAG that may
std::vector<DagDependency> readable_dependencies(const std::vector<DagDependency>& dependencies,
                                                 const ReadableDags& readable);

}  // namespace leoflow::api
