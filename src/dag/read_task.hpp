#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "dag/dag.hpp"

namespace leoflow::dag {

/// A mapped task has most of its fields among the arguments of partial(): one object with all of them.
json::value whole_task(const json::value& fields);

/// Reads the fields of one task, but for what connects it to others.
/// Errors: invalid, unsupported; they name the task.
Result<Task> read_task(const json::value& fields);

Result<WeightRule> read_weight_rule(const json::value& fields);

}  // namespace leoflow::dag
