#include "api/core/dag_rows.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace leoflow::api {

const std::string_view kDagColumns =
    "d.dag_id, d.dag_display_name, d.is_paused, d.is_stale, d.last_parsed_at, d.last_parse_duration, "
    "d.bundle_name, "
    "v.bundle_version, d.relative_fileloc, d.bundle_path, d.description, d.timetable_summary, "
    "d.timetable_description, d.timetable_type, d.max_active_tasks, d.max_active_runs, "
    "d.max_consecutive_failed_dag_runs, d.has_task_concurrency_limits, d.has_import_errors, "
    "d.next_dagrun_logical_date, d.next_dagrun_data_interval_start, d.next_dagrun_data_interval_end, "
    "d.next_dagrun_run_after, d.owners, d.timetable_partitioned, d.timetable_periodic";
const std::string_view kDagTables =
    "dag d LEFT JOIN dag_version v ON v.id = d.current_version_id LEFT JOIN dag_run l ON l.id = d.last_run";
const std::string_view kVersionColumns =
    "v.id, v.version_number, v.dag_id, v.bundle_name, v.bundle_version, v.created_at, d.dag_display_name";

void fill_dag(store::Row row, gen::DAGResponse& dag) {
  std::string bundle_path;
  std::string timetable_type;
  std::string owners;
  store::Reader in(row);
  in >> dag.dag_id >> dag.dag_display_name >> dag.is_paused >> dag.is_stale;
  Time parsed_at;
  std::string bundle_name;
  std::string relative;
  std::int64_t max_active_runs = 0;
  in >> parsed_at >> dag.last_parse_duration >> bundle_name >> dag.bundle_version >> relative >> bundle_path;
  in >> dag.description >> dag.timetable_summary >> dag.timetable_description >> timetable_type;
  if (dag.timetable_summary == "None") dag.timetable_summary.reset();  // no schedule
  in >> dag.max_active_tasks >> max_active_runs >> dag.max_consecutive_failed_dag_runs;
  in >> dag.has_task_concurrency_limits >> dag.has_import_errors;
  in >> dag.next_dagrun_logical_date >> dag.next_dagrun_data_interval_start >>
      dag.next_dagrun_data_interval_end;
  in >> dag.next_dagrun_run_after >> owners >> dag.timetable_partitioned >> dag.timetable_periodic;
  dag.last_parsed_time = parsed_at;
  dag.max_active_runs = max_active_runs;
  dag.fileloc = bundle_path + "/" + relative;
  dag.file_token = make_file_token(bundle_name, relative);
  dag.bundle_name = std::move(bundle_name);
  dag.relative_fileloc = std::move(relative);
  dag.is_backfillable = dag.timetable_periodic;
  for (const std::string& owner : split(owners, ',')) {
    if (!trim(owner).empty()) dag.owners.emplace_back(trim(owner));
  }
}

void add_tags(store::Session& session, std::vector<gen::DAGResponse>& dags) {
  if (dags.empty()) return;
  std::map<std::string, gen::DAGResponse*, std::less<>> by_id;
  store::Params ids;
  for (gen::DAGResponse& dag : dags) {
    by_id[dag.dag_id] = &dag;
    ids.emplace_back(dag.dag_id);
  }
  const auto rows =
      session.query(fmt::format("SELECT dag_id, name FROM dag_tag WHERE dag_id IN ({}) ORDER BY name",
                                placeholders(ids.size())),
                    ids);
  for (const store::Row row : rows) {
    gen::DAGResponse& dag = *by_id.at(row.text(0));
    gen::DagTagResponse tag;
    tag.dag_id = row.text(0);
    tag.name = row.text(1);
    tag.dag_display_name = dag.dag_display_name;
    dag.tags.push_back(std::move(tag));
  }
}

Result<gen::DAGResponse> read_dag(store::Session& session, std::string_view dag_id) {
  const auto rows =
      session.query(fmt::format("SELECT {} FROM {} WHERE d.dag_id = $1", kDagColumns, kDagTables), {dag_id});
  if (rows.empty())
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", dag_id));
  std::vector<gen::DAGResponse> dags(1);
  fill_dag(rows[0], dags[0]);
  add_tags(session, dags);
  return std::move(dags[0]);
}

Result<void> require_dag(store::Session& session, std::string_view dag_id) {
  if (session.query("SELECT 1 FROM dag WHERE dag_id = $1", {dag_id}).empty()) {
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", dag_id));
  }
  return {};
}

std::string placeholders(std::size_t count, std::size_t first) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("{}${}", i == 0 ? "" : ", ", first + i);
  return text;
}

std::string make_file_token(std::string_view bundle_name, std::string_view relative_fileloc) {
  return to_base64_url(json::serialize(json::array{bundle_name, relative_fileloc}));
}

std::optional<std::pair<std::string, std::string>> read_file_token(std::string_view token) {
  const auto text = from_base64(token);
  if (!text) return std::nullopt;
  const auto parsed = parse_json(*text);
  if (!parsed || !parsed->is_array() || parsed->get_array().size() != 2) return std::nullopt;
  const json::array& parts = parsed->get_array();
  if (!parts[0].is_string() || !parts[1].is_string()) return std::nullopt;
  return std::pair{std::string(parts[0].get_string()), std::string(parts[1].get_string())};
}

gen::DagVersionResponse version_from(store::Row row, std::size_t first) {
  gen::DagVersionResponse version;
  version.id = row.text(first);
  version.version_number = row.integer(first + 1);
  version.dag_id = row.text(first + 2);
  version.bundle_name = row.find_text(first + 3);
  version.bundle_version = row.find_text(first + 4);
  version.created_at = row.time(first + 5);
  version.dag_display_name = row.text(first + 6);
  return version;
}

}  // namespace leoflow::api
