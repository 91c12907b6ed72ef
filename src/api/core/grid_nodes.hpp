#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/core/dag_view.hpp"
#include "gen/types.hpp"

/// The shapes of a DAG that the grid shows.
namespace leoflow::api {

/// The tree of groups and tasks. @param keep only these tasks, unless it is empty.
std::vector<gen::GridNodeResponse> grid_nodes(const DagView& dag, const TaskSet& keep);

/// Adds nodes that only `others`, an older version, has.
void merge_grid_nodes(std::vector<gen::GridNodeResponse>& nodes,
                      const std::vector<gen::GridNodeResponse>& others);

/// The task, or the group's tasks, that a page is narrowed to, with relatives; empty
/// if `root` is absent or names nothing.
TaskSet narrowed(const DagView& dag, const std::optional<std::string>& root, bool upstream, bool downstream,
                 std::optional<std::int64_t> depth);

}  // namespace leoflow::api
