#pragma once

#include <string>

#include "engine/dag_files.hpp"
#include "store/sql.hpp"

/// What the user's own timetables fail with, among the import errors of their files.
namespace leoflow::engine {

/// Tells of a DAG's timetable, unless its file has another error already.
/// @param why  what Python said, with a traceback.
void write_timetable_error(store::Session& session, const DagFiles::Place& place, const std::string& dag_id,
                           const std::string& why, Time now);

/// What was told of that timetable, if anything, holds no longer.
void forget_timetable_error(store::Session& session, const DagFiles::Place& place, const std::string& dag_id);

}  // namespace leoflow::engine
