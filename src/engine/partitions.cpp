#include "engine/partitions.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/log.hpp"

// Source: Airflow 3.3.2, AssetManager._queue_partitioned_dags.
namespace leoflow::engine {
namespace {

/// Airflow's [scheduler] partition_mapper_max_downstream_keys.
constexpr int kMostDownstreamKeys = 1000;

std::string named(const dag::AssetKey& asset) {
  return fmt::format("(name='{}', uri='{}')", asset.name, asset.uri);
}

std::optional<std::string> to_text(const std::optional<dag::PartitionNeeds>& needs) {
  if (!needs) return std::nullopt;
  const json::value minimum = needs->minimum ? json::value(*needs->minimum) : json::value(nullptr);
  return json::serialize(json::object{{"keys", json::value_from(needs->keys)}, {"minimum", minimum}});
}

std::optional<dag::PartitionNeeds> read_needs(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const json::value parsed = parse_json(*text).value_or(json::object());
  dag::PartitionNeeds out;
  if (const json::value* keys = find(parsed, "keys"); keys != nullptr && keys->is_array()) {
    for (const json::value& key : keys->get_array()) out.keys.emplace_back(key.as_string());
  }
  if (const json::value* minimum = find(parsed, "minimum"); minimum != nullptr && minimum->is_int64()) {
    out.minimum = static_cast<int>(minimum->get_int64());
  }
  return out;
}

}  // namespace

PartitionEffects announce_mapped(scheduler::Scheduler& scheduler, const std::string& dag_id,
                                 const dag::AssetKey& asset, const std::string& key, std::optional<Time> date,
                                 const Result<std::vector<dag::MappedPartition>>& mapped, Time now) {
  PartitionEffects out;
  const scheduler::DagEntry* dag = scheduler.find_dag(dag_id);
  if (dag == nullptr || dag->graph->timetable->partitioning() == nullptr) return out;
  const dag::PartitionMapper& mapper = dag->graph->timetable->partitioning()->mapper_of(asset);
  const int most = mapper.max_downstream_keys.value_or(kMostDownstreamKeys);
  if (!mapped) {
    out.problems.push_back(
        {"failed to map partition_key",
         fmt::format("Could not map partition_key '{}' for asset {} in target Dag '{}'. This likely indicates "
                     "that the partition mapper in the target Dag is misconfigured or does not support this "
                     "partition key.\n{}",
                     key, named(asset), dag_id, mapped.error().message)});
  } else if (mapped->size() > static_cast<std::size_t>(most)) {
    const std::string_view setting = mapper.max_downstream_keys
                                         ? "max_downstream_keys"
                                         : "[scheduler] partition_mapper_max_downstream_keys";
    out.problems.push_back(
        {"partition fan-out exceeded",
         fmt::format("Partition mapper for asset {} in target Dag '{}' produced {} downstream keys from "
                     "partition_key='{}', exceeding {}={}. No Dag runs were queued for this event.",
                     named(asset), dag_id, mapped->size(), key, setting, most)});
  } else {
    const auto carried = mapper.carries_date() ? date : std::nullopt;
    out.arrivals = scheduler.partitions_changed(dag_id, {asset, key, carried, *mapped}, now);
  }
  for (const auto& problem : out.problems) log::warning("{}", problem.text);
  return out;
}

PartitionEffects announce_partition(scheduler::Scheduler& scheduler, const std::set<std::string>& waiting,
                                    const dag::AssetKey& asset, const std::optional<std::string>& key,
                                    std::optional<Time> date, Time now) {
  PartitionEffects out;
  std::vector<std::string> without_key;
  for (const std::string& dag_id : waiting) {
    const scheduler::DagEntry* dag = scheduler.find_dag(dag_id);
    if (dag == nullptr || !dag->may_run()) continue;
    const dag::Partitioning* partitioning = dag->graph->timetable->partitioning();
    if (partitioning == nullptr) continue;
    if (!key) {
      without_key.push_back(dag_id);
      continue;
    }
    const dag::PartitionMapper& mapper = partitioning->mapper_of(asset);
    if (mapper.python() != nullptr) {
      out.unmapped.push_back({dag_id, date});
      continue;
    }
    PartitionEffects more =
        announce_mapped(scheduler, dag_id, asset, *key, date, dag::map_partition(mapper, *key), now);
    std::ranges::move(more.arrivals, std::back_inserter(out.arrivals));
    std::ranges::move(more.problems, std::back_inserter(out.problems));
  }
  if (!without_key.empty()) {
    out.problems.push_back(
        {"missing partition key",
         fmt::format("Listening Dags are partition-aware but the run has no partition key (listening_dags=['{}'], "
                     "asset={})",
                     fmt::join(without_key, "', '"), named(asset))});
  }
  return out;
}

void write_partition_effects(store::Session& session, const PartitionEffects& effects, std::int64_t event_id,
                             const ChangeSource& source, Time now) {
  for (const scheduler::PartitionArrival& arrival : effects.arrivals) {
    if (arrival.is_new) {
      session.execute(
          "INSERT INTO dag_partition (id, dag_id, partition_key, created_at, updated_at)"
          " VALUES ($1, $2, $3, $4, $4)",
          {arrival.partition, arrival.dag_id, arrival.mapped.key, now});
    }
    session.execute("UPDATE dag_partition SET carried_date = $2, updated_at = $3 WHERE id = $1",
                    {arrival.partition, arrival.carried_date, now});
    session.execute(
        "INSERT INTO partition_asset (partition_id, asset_id, needs, is_temporal, partition_date)"
        " SELECT CAST($1 AS BIGINT), asset_id, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT)"
        " FROM asset_event WHERE id = $2"
        " ON CONFLICT (partition_id, asset_id) DO UPDATE SET needs = excluded.needs,"
        " is_temporal = excluded.is_temporal, partition_date = excluded.partition_date",
        {arrival.partition, event_id, to_text(arrival.mapped.needs), arrival.mapped.is_temporal,
         arrival.mapped.date});
    session.execute(
        "INSERT INTO partition_event (partition_id, event_id, source_key) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        {arrival.partition, event_id, arrival.source_key});
  }
  for (const PartitionEffects::Question& question : effects.unmapped) {
    session.execute("INSERT INTO unmapped_event (event_id, dag_id, partition_date) VALUES ($1, $2, $3)",
                    {event_id, question.dag_id, question.date});
  }
  for (const PartitionEffects::Problem& problem : effects.problems) {
    session.execute(
        "INSERT INTO event_log (created_at, event, owner, dag_id, task_id, run_id, extra)"
        " VALUES ($1, $2, 'scheduler', $3, $4, $5, $6)",
        {now, problem.event, source.dag_id, source.task_id, source.run_id, problem.text});
  }
}

void write_partition_runs(store::Session& session, const scheduler::Changes& changes, Time now) {
  for (const std::int64_t id : changes.dropped_partitions) {
    session.execute("DELETE FROM dag_partition WHERE id = $1", {id});
  }
  for (const scheduler::PartitionRun& made : changes.partition_runs) {
    session.execute("UPDATE dag_partition SET run_id = $2, updated_at = $3 WHERE id = $1",
                    {made.partition, made.run->run_id, now});
    session.execute(
        "INSERT INTO dag_run_asset_event (dag_id, run_id, event_id)"
        " SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), event_id FROM partition_event WHERE partition_id = $3",
        {made.run->dag->dag_id, made.run->run_id, made.partition});
  }
}

void load_partitions(scheduler::Scheduler& scheduler, store::Session& session) {
  struct Stored {
    std::string dag_id;
    scheduler::PendingPartition partition;
  };
  std::map<std::int64_t, Stored> found;
  for (const store::Row row :
       session.query("SELECT id, dag_id, partition_key, carried_date FROM dag_partition WHERE run_id IS NULL")) {
    Stored& stored = found[row.integer(0)];
    stored.dag_id = row.text(1);
    stored.partition.id = row.integer(0);
    stored.partition.key = row.text(2);
    stored.partition.carried_date = row.find_time(3);
  }
  for (const store::Row row : session.query(
           "SELECT x.partition_id, a.name, a.uri, x.needs, x.is_temporal, x.partition_date"
           " FROM partition_asset x JOIN dag_partition p ON p.id = x.partition_id JOIN asset a ON a.id = x.asset_id"
           " WHERE p.run_id IS NULL")) {
    scheduler::PendingPartition& partition = found[row.integer(0)].partition;
    dag::MappedPartition& mapped = partition.assets[{row.text(1), row.text(2)}].mapped;
    mapped = {partition.key, row.boolean(4), row.find_time(5), read_needs(row.find_text(3))};
  }
  for (const store::Row row : session.query(
           "SELECT x.partition_id, a.name, a.uri, x.source_key FROM partition_event x"
           " JOIN dag_partition p ON p.id = x.partition_id JOIN asset_event e ON e.id = x.event_id"
           " JOIN asset a ON a.id = e.asset_id WHERE p.run_id IS NULL")) {
    found[row.integer(0)].partition.assets[{row.text(1), row.text(2)}].received.insert(row.text(3));
  }
  scheduler.count_partitions_from(
      session.query("SELECT COALESCE(MAX(id), 0) FROM dag_partition")[0].integer(0));
  for (auto& [id, stored] : found) {
    scheduler.restore_partition(stored.dag_id, std::move(stored.partition));
  }
}

}  // namespace leoflow::engine
