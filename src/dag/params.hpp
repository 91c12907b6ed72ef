#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace leoflow::dag {

/// A value that a run of a DAG may be given.
struct Param {
  std::string name;
  std::optional<json::value> default_value;  ///< absent: every run must be given one
  json::value schema;                        ///< JSON Schema, draft 7
};
using Params = std::vector<Param>;

/// Reads the `params` of a serialized DAG.
Params read_params(const json::value& encoded);

/// Whether a run with this conf has a good value for every param.
/// Errors: invalid, naming the param and the value. Source: Airflow 3.3.2, SerializedParamsDict.validate.
Result<void> check_params(const Params& params, const json::object& conf);

}  // namespace leoflow::dag
