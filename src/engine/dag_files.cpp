#include "engine/dag_files.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "dag/encoded.hpp"
#include "dag/read_serialized.hpp"
#include "engine/active_assets.hpp"
#include "engine/assets.hpp"
#include "engine/dag_hash.hpp"
#include "engine/deadlines.hpp"

namespace leoflow::engine {

/// One DAG of a file, decided: what its rows become.
struct DagFiles::DagChange {
  std::shared_ptr<const dag::Dag> graph;
  std::string version_id;
  int version_number = 1;
  bool new_version = false;
  bool changed = false;
  bool came_back = false;
  std::string hash;
  std::string serialized;
  std::optional<std::string> secrets;  ///< JSON: what the project declares
  std::string timetable_description;
  bool paused = true;
};

namespace {

constexpr std::string_view kPutDag =
    "INSERT INTO dag (dag_id, bundle_name, bundle_path, relative_fileloc, dag_display_name, description, "
    "owners,"
    " timetable_type, timetable_summary, timetable_description, is_paused, is_stale, has_import_errors,"
    " has_task_concurrency_limits, max_active_tasks, max_active_runs, max_consecutive_failed_dag_runs,"
    " current_version_id, last_parsed_at, last_parse_duration, timetable_partitioned, timetable_periodic)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13, $14, $15, $16, $17, $18, $19, "
    "$20)"
    " ON CONFLICT (dag_id) DO UPDATE SET bundle_name = excluded.bundle_name, bundle_path = "
    "excluded.bundle_path,"
    " relative_fileloc = excluded.relative_fileloc, dag_display_name = excluded.dag_display_name,"
    " description = excluded.description, owners = excluded.owners, timetable_type = excluded.timetable_type,"
    " timetable_summary = excluded.timetable_summary, timetable_description = excluded.timetable_description,"
    " is_stale = 0, has_import_errors = 0, has_task_concurrency_limits = "
    "excluded.has_task_concurrency_limits,"
    " max_active_tasks = excluded.max_active_tasks, max_active_runs = excluded.max_active_runs,"
    " max_consecutive_failed_dag_runs = excluded.max_consecutive_failed_dag_runs,"
    " current_version_id = excluded.current_version_id, last_parsed_at = excluded.last_parsed_at,"
    " last_parse_duration = excluded.last_parse_duration,"
    " timetable_partitioned = excluded.timetable_partitioned, timetable_periodic = "
    "excluded.timetable_periodic";

constexpr std::string_view kPutVersion =
    "INSERT INTO dag_version (id, dag_id, version_number, bundle_name, bundle_version, dag_hash, serialized, "
    "source,"
    " created_at, updated_at, secrets) VALUES ($1, $2, $3, $4, $9, $5, $6, $7, $8, $8, $10)"
    " ON CONFLICT (id) DO UPDATE SET bundle_name = excluded.bundle_name,"
    " bundle_version = excluded.bundle_version, dag_hash = excluded.dag_hash,"
    " serialized = excluded.serialized, source = excluded.source, updated_at = excluded.updated_at,"
    " secrets = excluded.secrets";

constexpr std::string_view kPutImportError =
    "INSERT INTO import_error (bundle_name, filename, stacktrace, created_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (bundle_name, filename) DO UPDATE SET stacktrace = excluded.stacktrace,"
    " created_at = excluded.created_at";

void write_tags(store::Session& session, const dag::Dag& dag) {
  session.execute("DELETE FROM dag_tag WHERE dag_id = $1", {dag.dag_id});
  std::vector<store::Params> rows;
  for (const std::string& tag : dag.tags) rows.push_back({dag.dag_id, tag});
  session.execute_many("INSERT INTO dag_tag (dag_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", rows);
}

void write_access(store::Session& session, const dag::Dag& dag) {
  session.execute("DELETE FROM dag_access WHERE dag_id = $1", {dag.dag_id});
  std::vector<store::Params> rows;
  for (const dag::Grant& grant : dag.grants)
    rows.push_back({dag.dag_id, grant.group, dag::access_name(grant.access)});
  session.execute_many(
      "INSERT INTO dag_access (dag_id, group_name, action) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", rows);
}

}  // namespace

void write_import_error(store::Session& session, const std::string& bundle_name,
                        const std::string& relative_fileloc, const std::string& error, Time now) {
  if (error.empty()) {
    session.execute("DELETE FROM import_error WHERE bundle_name = $1 AND filename = $2",
                    {bundle_name, relative_fileloc});
  } else {
    session.execute(kPutImportError, {bundle_name, relative_fileloc, error, now});
  }
  session.execute(
      "UPDATE dag SET has_import_errors = $3 WHERE bundle_name = $1 AND relative_fileloc = $2"
      " AND has_import_errors <> $3",
      {bundle_name, relative_fileloc, !error.empty()});
}

void DagFiles::load(store::Session& session) {
  for (const store::Row row : session.query(
           "SELECT d.dag_id, d.bundle_name, d.bundle_path, d.relative_fileloc, v.bundle_version FROM dag d"
           " LEFT JOIN dag_version v ON v.id = d.current_version_id")) {
    places_[row.text(0)] = {row.text(1), row.text(2), row.text(3), row.find_text(4)};
  }
}

DagFiles::Place DagFiles::place_of(const std::string& dag_id) const {
  const auto found = places_.find(dag_id);
  return found == places_.end() ? Place{} : found->second;
}

DagFiles::Place DagFiles::place_of(const std::string& dag_id,
                                   const std::optional<std::string>& bundle_version) const {
  Place place = place_of(dag_id);
  if (!bundle_version || !place.bundle_version || *bundle_version == *place.bundle_version) return place;
  // Files in git have a folder for each version; those of a pushed project are in an image.
  const auto at = place.bundle_path.rfind(*place.bundle_version);
  if (place.bundle_path != kProjectFolder && at != std::string::npos)
    place.bundle_path.replace(at, place.bundle_version->size(), *bundle_version);
  place.bundle_version = bundle_version;
  return place;
}

std::vector<std::string> DagFiles::dags_of(const std::string& bundle,
                                           const std::string& relative_fileloc) const {
  std::vector<std::string> out;
  for (const auto& [dag_id, place] : places_) {
    if (place.bundle_name == bundle && place.relative_fileloc == relative_fileloc) out.push_back(dag_id);
  }
  return out;
}

std::set<std::string> DagFiles::files_of(const std::string& bundle) const {
  std::set<std::string> out;
  for (const auto& [dag_id, place] : places_) {
    if (place.bundle_name == bundle) out.insert(place.relative_fileloc);
  }
  return out;
}

std::optional<DagFiles::Version> DagFiles::newest_version(store::Session& session,
                                                          const std::string& dag_id) {
  const store::Rows rows = session.query(
      "SELECT v.id, v.version_number, v.dag_hash,"
      " CASE WHEN EXISTS (SELECT 1 FROM dag_run r WHERE r.dag_version_id = v.id) THEN 1 ELSE 0 END,"
      " v.bundle_version FROM dag_version v WHERE v.dag_id = $1 ORDER BY v.version_number DESC LIMIT 1",
      {dag_id});
  if (rows.empty()) return std::nullopt;
  return Version{rows[0].text(0), static_cast<int>(rows[0].integer(1)), rows[0].text(2), rows[0].boolean(3),
                 rows[0].find_text(4)};
}

Result<std::shared_ptr<const dag::Dag>> DagFiles::read(const Deciding& d, const ParsedFile& file,
                                                       const json::value& serialized) const {
  auto graph = dag::read_serialized(serialized);
  if (graph) {
    if (auto fine = check_assets(**graph); !fine) graph = std::unexpected(fine.error());
  }
  if (!graph) {
    const json::value* fields = find(serialized, "dag");
    return fail(graph.error().code,
                fmt::format("Dag '{}': {}", fields == nullptr ? "?" : get_text(*fields, "dag_id"),
                            graph.error().message));
  }
  const std::string& dag_id = (*graph)->dag_id;
  const scheduler::DagEntry* known = d.scheduler.find_dag(dag_id);
  const auto place = places_.find(dag_id);
  if (place == places_.end() || known == nullptr || known->stale) return graph;
  const Place& other = place->second;
  if (other.bundle_name == file.bundle_name) {
    // Another version of the bundle may have it in another file.
    const bool is_replaced = other.bundle_version != file.bundle_version;
    if (is_replaced || other.relative_fileloc == file.relative_fileloc) return graph;
  }
  return fail(ErrorCode::conflict,
              fmt::format("Dag '{}' is defined in two files: {}/{} came first; rename one of them", dag_id,
                          other.bundle_path, other.relative_fileloc));
}

std::optional<DagFiles::DagChange> DagFiles::change_of(Deciding& d, const ParsedFile& file,
                                                       const json::value& serialized, std::string& errors) {
  auto graph = read(d, file, serialized);
  if (!graph) {
    errors += graph.error().message + "\n";
    return std::nullopt;
  }
  const std::string& dag_id = (*graph)->dag_id;
  const scheduler::DagEntry* known = d.scheduler.find_dag(dag_id);
  DagChange change;
  change.graph = *graph;
  change.came_back = known == nullptr || known->stale;
  change.hash = dag_hash(serialized);
  change.paused = (*graph)->is_paused_upon_creation.value_or(true);
  const auto newest = newest_version(d.session, dag_id);
  change.changed = !newest || newest->hash != change.hash || newest->bundle_version != file.bundle_version;
  change.new_version = !newest || (change.changed && newest->has_run);
  if (newest) change.version_number = newest->number + (change.new_version ? 1 : 0);
  change.version_id = change.new_version ? new_uuid(d.now).text() : newest->id;
  if (change.changed) change.serialized = json::serialize(serialized);
  if (const json::value* secrets = find(serialized, dag::kDeclaredSecrets))
    change.secrets = json::serialize(*secrets);
  // Only Python has words for cron expressions.
  change.timetable_description = get_text(dag::child(dag::child(serialized, "dag"), "timetable"),
                                          "__description", (*graph)->timetable->description());
  return change;
}

std::function<void(store::Session&)> DagFiles::put(Deciding& d, ParsedFile file) {
  std::string errors = file.import_error.value_or("");
  const auto changes = std::make_shared<std::vector<DagChange>>();
  for (const json::value& serialized : file.serialized_dags) {
    if (auto change = change_of(d, file, serialized, errors)) changes->push_back(std::move(*change));
  }
  std::vector<std::string> stale;
  for (const std::string& dag_id : dags_of(file.bundle_name, file.relative_fileloc)) {
    const bool there =
        std::ranges::any_of(*changes, [&](const DagChange& c) { return c.graph->dag_id == dag_id; });
    // With an error in the file the last good version stays.
    if (!there && errors.empty()) stale.push_back(dag_id);
  }
  for (const DagChange& change : *changes) {
    const std::string& dag_id = change.graph->dag_id;
    versions_.put(change.version_id, change.graph);
    places_[dag_id] = {file.bundle_name, file.bundle_path, file.relative_fileloc, file.bundle_version};
    d.scheduler.set_bundle_version(
        dag_id, change.graph->disable_bundle_versioning ? std::nullopt : file.bundle_version);
    d.scheduler.put_dag(dag_id, change.version_id, change.graph, change.paused, std::nullopt, d.now);
  }
  for (const std::string& dag_id : stale) d.scheduler.set_stale(dag_id, true, d.now);

  const auto kept = std::make_shared<ParsedFile>(std::move(file));
  kept->serialized_dags.clear();
  return [changes, stale, kept, errors, now = d.now](store::Session& session) {
    bool is_less_named = !stale.empty();
    bool is_more_named = false;
    std::vector<std::string> dag_ids = stale;
    for (const DagChange& change : *changes) {
      const dag::Dag& dag = *change.graph;
      const double seconds = static_cast<double>(kept->parse_duration.count()) / 1e6;
      session.execute(kPutDag, {dag.dag_id,
                                kept->bundle_name,
                                kept->bundle_path,
                                kept->relative_fileloc,
                                dag.display_name,
                                dag.description,
                                join(dag.owners, ", "),
                                dag.timetable_type,
                                dag.timetable->summary(),
                                change.timetable_description,
                                change.paused,
                                dag.has_task_concurrency_limits(),
                                dag.max_active_tasks,
                                dag.max_active_runs,
                                dag.max_consecutive_failed_dag_runs,
                                change.version_id,
                                now,
                                seconds,
                                dag.timetable->partitioned(),
                                dag.timetable->periodic()});
      if (change.changed) {
        session.execute(kPutVersion,
                        {change.version_id, dag.dag_id, change.version_number, kept->bundle_name, change.hash,
                         change.serialized, kept->source, now, kept->bundle_version, change.secrets});
      } else {
        session.execute("UPDATE dag_version SET source = $2 WHERE id = $1",
                        {change.version_id, kept->source});
      }
      write_tags(session, dag);
      write_access(session, dag);
      dag_ids.push_back(dag.dag_id);
      is_more_named |= change.changed || change.came_back;
      if (!change.changed) continue;
      is_less_named |= write_dag_assets(session, dag, now);
      write_deadline_alerts(session, change.version_id, dag, now);
    }
    for (const std::string& dag_id : stale)
      session.execute("UPDATE dag SET is_stale = 1 WHERE dag_id = $1", {dag_id});
    write_parse_warnings(session, dag_ids, kept->warnings, now);
    if (is_less_named) retire_assets(session);
    // All assets are looked through: not for files that say what they said before.
    if (is_less_named || is_more_named) activate_assets(session, now);
    write_import_error(session, kept->bundle_name, kept->relative_fileloc, errors, now);
    session.execute(
        "INSERT INTO parsed_file (bundle_name, relative_fileloc, content_hash, parsed_at) VALUES ($1, $2, "
        "$3, $4)"
        " ON CONFLICT (bundle_name, relative_fileloc) DO UPDATE SET content_hash = excluded.content_hash,"
        " parsed_at = excluded.parsed_at",
        {kept->bundle_name, kept->relative_fileloc, kept->content_hash, now});
  };
}

std::function<void(store::Session&)> DagFiles::remove(Deciding& d, const std::string& bundle,
                                                      const std::string& relative_fileloc) {
  const auto dag_ids = dags_of(bundle, relative_fileloc);
  for (const std::string& dag_id : dag_ids) d.scheduler.set_stale(dag_id, true, d.now);
  return [dag_ids, bundle, relative_fileloc, now = d.now](store::Session& session) {
    for (const std::string& dag_id : dag_ids) {
      session.execute("UPDATE dag SET is_stale = 1 WHERE dag_id = $1", {dag_id});
    }
    write_parse_warnings(session, dag_ids, {}, now);
    retire_assets(session);
    activate_assets(session, now);
    session.execute("DELETE FROM import_error WHERE bundle_name = $1 AND filename = $2",
                    {bundle, relative_fileloc});
    session.execute("DELETE FROM parsed_file WHERE bundle_name = $1 AND relative_fileloc = $2",
                    {bundle, relative_fileloc});
  };
}

}  // namespace leoflow::engine
