#pragma once

#include <string_view>

#include "store/sql.hpp"

namespace leoflow::engine {

/// Puts an XCom in the place of an older one; nothing if its run is gone, for somebody may have deleted that
/// under the task. $1 to $7: dag_id, run_id, task_id, map_index, key, value (JSON), now.
constexpr std::string_view kPutXcom =
    "INSERT INTO xcom (dag_id, run_id, task_id, map_index, key, value, created_at)"
    " SELECT dag_id, run_id, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT),"
    " CAST($7 AS BIGINT) FROM dag_run WHERE dag_id = $1 AND run_id = $2"
    " ON CONFLICT (dag_id, run_id, task_id, map_index, key) DO UPDATE SET value = excluded.value,"
    " created_at = excluded.created_at, dag_result = excluded.dag_result";

/// After kPutXcom: it is (part of) what the run comes to. $1 to $5 as there.
constexpr std::string_view kMarkAsResult =
    "UPDATE xcom SET dag_result = 1 WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4"
    " AND key = $5";

}  // namespace leoflow::engine
