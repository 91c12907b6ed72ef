#pragma once

#include <string_view>

#include "api/core/call.hpp"
#include "gen/types.hpp"

/// Reading of what task instances ask people, shared by its list, details and the DAG list.
namespace leoflow::api {

/// The columns that read_input() reads, of `hitl_detail h`.
extern const std::string_view kInputColumns;
/// After kTaskTables: the question of each task instance's current try.
extern const std::string_view kJoinInput;

/// @param detail HITLDetail or HITLDetailHistory; all but its task_instance is filled.
template <typename Detail>
void read_input(store::Row row, std::size_t first, Detail& detail);

/// A row of kTaskColumns and then kInputColumns.
gen::HITLDetail input_from(store::Row row);

/// What waits for an answer now, of each of these DAGs.
std::vector<gen::HITLDetail> unanswered(Call& call, const std::vector<std::string>& dag_ids);

}  // namespace leoflow::api
