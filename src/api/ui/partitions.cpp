#include <fmt/core.h>

#include "api/core/asset_expressions.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/partition_progress.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "base/time_text.hpp"

/// Partitions of DAGs, from the first change of an asset for one on.
namespace leoflow::api {

namespace {

std::vector<StoredPartition> read_partitions(Call& call, Select& select) {
  std::vector<StoredPartition> out;
  for (const store::Row row : select.rows(call.db())) out.push_back(partition_from(row));
  return out;
}

gen::PartitionedDagRunResponse summary_of(const StoredPartition& partition, const PartitionProgress& progress) {
  gen::PartitionedDagRunResponse out;
  out.id = partition.id;
  out.dag_id = partition.dag_id;
  out.partition_key = partition.key;
  out.created_at = to_iso_offset(partition.created_at);
  out.state = partition.run_id ? partition.run_state.value_or("") : "pending";
  out.created_dag_run_id = partition.run_id;
  for (const AssetProgress& asset : progress.of(partition)) {
    out.total_received += asset.received_count();
    out.total_required += asset.required_count();
  }
  return out;
}

Result<Answer> get_partitioned_dag_runs(Call& call, const gen::GetPartitionedDagRunsParams& params) {
  Select select(kPartitionColumns, kPartitionTables);
  select.equals("p.dag_id", params.dag_id);
  if (params.has_created_dag_run_id) {
    select.where(*params.has_created_dag_run_id ? "p.run_id IS NOT NULL" : "p.run_id IS NULL");
  }
  select.order_sql("p.created_at DESC, p.id DESC");
  const auto partitions = read_partitions(call, select);
  if (partitions.empty() && params.dag_id && !require_dag(call.db(), *params.dag_id)) {
    return fail(ErrorCode::not_found, fmt::format("Dag with id {} was not found", *params.dag_id));
  }
  const PartitionProgress progress(call, partitions);
  gen::PartitionedDagRunCollectionResponse answer;
  std::set<std::string> dag_ids;
  for (const StoredPartition& partition : partitions) {
    answer.partitioned_dag_runs.push_back(summary_of(partition, progress));
    dag_ids.insert(partition.dag_id);
  }
  answer.total = static_cast<std::int64_t>(partitions.size());
  if (!params.dag_id && !partitions.empty()) {
    json::object expressions;
    const std::vector<std::string> ids(dag_ids.begin(), dag_ids.end());
    for (auto& [dag_id, expression] : asset_expressions(call, ids)) expressions[dag_id] = std::move(expression);
    answer.asset_expressions = std::move(expressions);
  }
  return ok(answer);
}

Result<Answer> get_pending_partitioned_dag_run(Call& call, const gen::GetPendingPartitionedDagRunParams& params) {
  Select select(kPartitionColumns, kPartitionTables);
  select.where("p.dag_id = ? AND p.partition_key = ? AND p.run_id IS NULL", {params.dag_id, params.partition_key});
  select.order_sql("p.id DESC");
  const auto partitions = read_partitions(call, select);
  if (partitions.empty()) {
    return fail(ErrorCode::not_found, fmt::format("No PartitionedDagRun for dag={} partition={}", params.dag_id,
                                                  params.partition_key));
  }
  const StoredPartition& partition = partitions.front();
  gen::PartitionedDagRunDetailResponse answer;
  answer.id = partition.id;
  answer.dag_id = partition.dag_id;
  answer.partition_key = partition.key;
  answer.created_at = to_iso_offset(partition.created_at);
  answer.updated_at = to_iso_offset(partition.updated_at);
  for (const AssetProgress& asset : PartitionProgress(call, partitions).of(partition)) {
    gen::PartitionedDagRunAssetResponse& out = answer.assets.emplace_back();
    out.asset_id = asset.asset_id;
    out.asset_name = asset.asset.name;
    out.asset_uri = asset.asset.uri;
    out.received_count =
        asset.is_rollup ? static_cast<std::int64_t>(asset.received.size()) : asset.received_count();
    out.required_count = asset.required_count();
    out.received = out.received_count >= out.required_count;
    out.received_keys.assign(asset.received.begin(), asset.received.end());
    out.required_keys = asset.required;
    out.is_rollup = asset.is_rollup;
    out.mapper_error = asset.is_broken;
    out.asset_inactive = !asset.is_active;
    answer.total_received += out.received_count;
    answer.total_required += out.required_count;
  }
  answer.asset_expression = asset_expression_of(call, params.dag_id);
  return ok(answer);
}

}  // namespace

void bind_ui_partitions(Registry& registry) {
  registry.bind<op::get_partitioned_dag_runs>(get_partitioned_dag_runs);
  registry.bind<op::get_pending_partitioned_dag_run>(get_pending_partitioned_dag_run);
}

}  // namespace leoflow::api
