#include "engine/timetable_errors.hpp"

#include <fmt/format.h>

namespace leoflow::engine {
namespace {

/// By that the error of one timetable is known again.
std::string beginning(const std::string& dag_id) {
  return fmt::format("Dag '{}': its timetable failed\n", dag_id);
}

}  // namespace

void write_timetable_error(store::Session& session, const DagFiles::Place& place, const std::string& dag_id,
                           const std::string& why, Time now) {
  const std::string begins = beginning(dag_id);
  session.execute(
      "INSERT INTO import_error (bundle_name, filename, stacktrace, created_at) VALUES ($1, $2, $3, $4)"
      " ON CONFLICT (bundle_name, filename) DO UPDATE SET stacktrace = excluded.stacktrace,"
      " created_at = excluded.created_at WHERE import_error.stacktrace <> excluded.stacktrace"
      " AND substr(import_error.stacktrace, 1, length(CAST($5 AS TEXT))) = $5",
      {place.bundle_name, place.relative_fileloc, begins + why, now, begins});
  session.execute(
      "UPDATE dag SET has_import_errors = 1 WHERE bundle_name = $1 AND relative_fileloc = $2"
      " AND has_import_errors = 0",
      {place.bundle_name, place.relative_fileloc});
}

void forget_timetable_error(store::Session& session, const DagFiles::Place& place,
                            const std::string& dag_id) {
  const auto forgotten = session.execute(
      "DELETE FROM import_error WHERE bundle_name = $1 AND filename = $2"
      " AND substr(stacktrace, 1, length(CAST($3 AS TEXT))) = $3",
      {place.bundle_name, place.relative_fileloc, beginning(dag_id)});
  if (forgotten == 0) return;
  session.execute("UPDATE dag SET has_import_errors = 0 WHERE bundle_name = $1 AND relative_fileloc = $2",
                  {place.bundle_name, place.relative_fileloc});
}

}  // namespace leoflow::engine
