#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/call.hpp"
#include "api/core/select.hpp"
#include "gen/types.hpp"

/// Reading of DAG rows, shared by the lists and detail pages.
namespace leoflow::api {

/// The columns that fill_dag() reads, of `dag d` joined with its current version `v` and its last run `l`.
extern const std::string_view kDagColumns;
extern const std::string_view kDagTables;

/// The fields that DAGResponse, DAGDetailsResponse and DAGWithLatestDagRunsResponse share.
void fill_dag(store::Row row, gen::DAGResponse& dag);

template <typename Other>
void copy_dag(const gen::DAGResponse& dag, Other& other) {
  other.dag_id = dag.dag_id;
  other.dag_display_name = dag.dag_display_name;
  other.is_paused = dag.is_paused;
  other.is_stale = dag.is_stale;
  other.last_parsed_time = dag.last_parsed_time;
  other.last_parse_duration = dag.last_parse_duration;
  other.bundle_name = dag.bundle_name;
  other.bundle_version = dag.bundle_version;
  other.relative_fileloc = dag.relative_fileloc;
  other.fileloc = dag.fileloc;
  other.description = dag.description;
  other.timetable_summary = dag.timetable_summary;
  other.timetable_description = dag.timetable_description;
  other.timetable_partitioned = dag.timetable_partitioned;
  other.timetable_periodic = dag.timetable_periodic;
  other.tags = dag.tags;
  other.max_active_tasks = dag.max_active_tasks;
  other.max_active_runs = dag.max_active_runs;
  other.max_consecutive_failed_dag_runs = dag.max_consecutive_failed_dag_runs;
  other.has_task_concurrency_limits = dag.has_task_concurrency_limits;
  other.has_import_errors = dag.has_import_errors;
  other.next_dagrun_logical_date = dag.next_dagrun_logical_date;
  other.next_dagrun_data_interval_start = dag.next_dagrun_data_interval_start;
  other.next_dagrun_data_interval_end = dag.next_dagrun_data_interval_end;
  other.next_dagrun_run_after = dag.next_dagrun_run_after;
  other.owners = dag.owners;
  other.is_backfillable = dag.is_backfillable;
  other.file_token = dag.file_token;
}

/// Adds the tags of all listed DAGs, in one query.
void add_tags(store::Session& session, std::vector<gen::DAGResponse>& dags);

/// Errors: not_found in Airflow's words.
Result<gen::DAGResponse> read_dag(store::Session& session, std::string_view dag_id);
Result<void> require_dag(store::Session& session, std::string_view dag_id);

/// `column IN ('a','b',...)` arguments for the ids of a page.
std::string placeholders(std::size_t count, std::size_t first = 1);

/// The token of reparse_dag_file, and the DAG file that it names.
std::string make_file_token(std::string_view bundle_name, std::string_view relative_fileloc);
std::optional<std::pair<std::string, std::string>> read_file_token(std::string_view token);

gen::DagVersionResponse version_from(store::Row row, std::size_t first = 0);
/// The columns that version_from() reads, of `dag_version v` and `dag d`.
extern const std::string_view kVersionColumns;

}  // namespace leoflow::api
