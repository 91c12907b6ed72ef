#pragma once

#include "dag/states.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// The state of a task instance in a column; none for a null, and for what this version does not know.
inline dag::TaskState stored_task_state(store::Row row, std::size_t column) {
  if (row.is_null(column)) return dag::TaskState::none;
  return dag::parse_task_state(row.text(column)).value_or(dag::TaskState::none);
}

}  // namespace leoflow::engine
