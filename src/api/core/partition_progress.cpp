#include "api/core/partition_progress.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "api/core/dag_cache.hpp"
#include "api/core/dag_rows.hpp"
#include "dag/timetable.hpp"

namespace leoflow::api {

const std::string_view kPartitionColumns =
    "p.id, p.dag_id, p.partition_key, p.created_at, p.updated_at, r.run_id, r.state";
const std::string_view kPartitionTables =
    "dag_partition p LEFT JOIN dag_run r ON r.dag_id = p.dag_id AND r.run_id = p.run_id";

StoredPartition partition_from(store::Row row) {
  StoredPartition out;
  store::Reader(row) >> out.id >> out.dag_id >> out.key >> out.created_at >> out.updated_at >> out.run_id >>
      out.run_state;
  return out;
}

std::int64_t AssetProgress::received_count() const {
  if (is_broken) return 0;
  if (!is_rollup) return received.empty() ? 0 : 1;
  return std::ranges::count_if(required, [&](const std::string& key) { return received.contains(key); });
}

PartitionProgress::PartitionProgress(Call& call, const std::vector<StoredPartition>& partitions) {
  if (partitions.empty()) return;
  std::set<std::string> dag_ids;
  for (const StoredPartition& partition : partitions) dag_ids.insert(partition.dag_id);
  load_assets(call, dag_ids);
  load_received(call, partitions);
}

void PartitionProgress::load_assets(Call& call, const std::set<std::string>& dag_ids) {
  const store::Params ids(dag_ids.begin(), dag_ids.end());
  for (const store::Row row : call.db().query(
           fmt::format("SELECT s.dag_id, a.id, a.name, a.uri, a.is_active FROM dag_schedule_asset s JOIN asset a ON"
                       " (s.kind = 'asset' AND a.name = s.name AND a.uri = s.uri) OR (s.kind = 'name_ref' AND"
                       " a.name = s.name) OR (s.kind = 'uri_ref' AND a.uri = s.uri) WHERE s.dag_id IN ({})"
                       " ORDER BY a.uri, a.id",
                       placeholders(ids.size())),
           ids)) {
    AssetProgress& asset = dags_[row.text(0)].assets.emplace_back();
    asset.asset_id = row.integer(1);
    asset.asset = {row.text(2), row.text(3)};
    asset.is_active = row.boolean(4);
  }
  for (auto& [dag_id, declared] : dags_) {
    const auto view = call.api.dags.current(call.db(), dag_id);
    const json::value* encoded = view == nullptr ? nullptr : find(view->dag(), "timetable");
    if (encoded == nullptr) continue;
    if (auto timetable = dag::read_timetable(*encoded)) declared.timetable = std::move(*timetable);
  }
}

void PartitionProgress::load_received(Call& call, const std::vector<StoredPartition>& partitions) {
  store::Params ids;
  for (const StoredPartition& partition : partitions) ids.emplace_back(partition.id);
  const std::string chosen = placeholders(ids.size());
  for (const store::Row row : call.db().query(
           fmt::format("SELECT x.partition_id, e.asset_id, x.source_key FROM partition_event x"
                       " JOIN asset_event e ON e.id = x.event_id WHERE x.partition_id IN ({})",
                       chosen),
           ids)) {
    received_[{row.integer(0), row.integer(1)}].insert(row.text(2));
  }
  for (const store::Row row : call.db().query(
           fmt::format("SELECT partition_id, asset_id, needs FROM partition_asset WHERE needs IS NOT NULL AND"
                       " partition_id IN ({})",
                       chosen),
           ids)) {
    const json::value needs = parse_json(row.text(2)).value_or(json::object());
    needed_[{row.integer(0), row.integer(1)}] = dag::read_texts(needs, "keys");
  }
}

std::vector<AssetProgress> PartitionProgress::of(const StoredPartition& partition) const {
  const auto declared = dags_.find(partition.dag_id);
  if (declared == dags_.end()) return {};
  std::vector<AssetProgress> out = declared->second.assets;
  const auto& timetable = declared->second.timetable;
  const dag::Partitioning* partitioning = timetable == nullptr ? nullptr : timetable->partitioning();
  for (AssetProgress& asset : out) {
    const std::pair place(partition.id, asset.asset_id);
    if (const auto found = received_.find(place); found != received_.end()) asset.received = found->second;
    asset.required = {partition.key};
    const dag::PartitionMapper* mapper =
        partitioning == nullptr ? nullptr : &partitioning->mapper_of(asset.asset);
    if (const auto found = needed_.find(place); found != needed_.end()) {
      asset.is_rollup = true;
      asset.required = found->second;
    } else if (mapper != nullptr && mapper->python() == nullptr && mapper->is_rollup()) {
      asset.is_rollup = true;
      const auto needs = mapper->needs_of(partition.key);
      asset.required = needs && *needs ? (*needs)->keys : std::vector<std::string>{};
    }
    asset.is_broken = asset.is_rollup && asset.required.empty();
    if (asset.is_broken) asset.received.clear();
  }
  return out;
}

}  // namespace leoflow::api
