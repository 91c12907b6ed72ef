#pragma once

#include <memory>

#include "base/json.hpp"
#include "base/result.hpp"
#include "dag/dag.hpp"

namespace leoflow::dag {

/// Beside "dag": the variables and connections that its project declares, {"variables": [...],
/// "connections": [...], "tasks": {id: the same}}. Absent if it declares none.
inline constexpr std::string_view kDeclaredSecrets = "leoflow_secrets";

/// Reads a DAG from Airflow's serialization, version 3: the object with
/// "__version" and "dag".
/// Errors: invalid (naming what is wrong; a cycle with its tasks), unsupported
/// (naming the feature and the task that this version cannot run yet).
/// Source: airflow/serialization/schema.json of the pinned wheel.
Result<std::shared_ptr<const Dag>> read_serialized(const json::value& serialized);

}  // namespace leoflow::dag
