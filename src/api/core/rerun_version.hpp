#pragma once

#include <optional>
#include <string>

#include "api/core/call.hpp"

namespace leoflow::api {

/// Whether runs that run again go on with the newest version of their DAG: what was asked, else what the
/// DAG says (rerun_with_latest_version), else what is set for all, else `otherwise`.
bool reruns_on_latest(Call& call, const std::string& dag_id, const std::optional<bool>& asked,
                      bool otherwise);

}  // namespace leoflow::api
