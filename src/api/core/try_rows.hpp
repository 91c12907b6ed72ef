#pragma once

#include <string>
#include <vector>

#include "api/core/call.hpp"
#include "gen/types.hpp"

namespace leoflow::api {

/// Every try of one task instance, oldest first; the last may not be over.
std::vector<gen::TaskInstanceHistoryResponse> read_tries(Call& call, const std::string& dag_id,
                                                         const std::string& run_id,
                                                         const std::string& task_id, std::int64_t map_index);

}  // namespace leoflow::api
