#include <fmt/format.h>

#include "engine/run_ids.hpp"
#include "engine/waiting.hpp"

// What people do to assets.
namespace leoflow::engine {

Result<void> Engine::change_asset(ChangeAsset command) {
  if (command.partition_key) {
    if (auto good = check_partition_length(*command.partition_key); !good) return good;
  }
  AssetEvent event;
  event.asset = std::move(command.asset);
  event.extra = std::move(command.extra);
  event.partition_key = std::move(command.partition_key);
  const auto events = std::make_shared<std::vector<AssetEvent>>(1, std::move(event));
  const auto decide = [events](Deciding& d) -> Result<void> {
    const dag::AssetKey& asset = events->front().asset;
    if (d.session.query("SELECT 1 FROM asset WHERE name = $1 AND uri = $2", {asset.name, asset.uri})
            .empty()) {
      return fail(ErrorCode::not_found, fmt::format("The Asset with name: `{}` and URI: `{}` was not found",
                                                    asset.name, asset.uri));
    }
    announce(d.scheduler, *events, d.now);
    return {};
  };
  auto changed = call<void>(
      decide, [this, events](store::Session& session) { write_asset_events(session, *events, pass_time_); });
  map_with_python(*events);
  return changed;
}

Result<void> Engine::forget_queued_assets(std::string dag_id, std::optional<dag::AssetKey> asset) {
  return call<void>([dag_id, asset](Deciding& d) -> Result<void> {
    const scheduler::DagEntry* dag = d.scheduler.find_dag(dag_id);
    if (dag == nullptr) return fail(ErrorCode::not_found, fmt::format("DAG '{}' not found", dag_id));
    if (asset ? !dag->queued_assets.contains(*asset) : dag->queued_assets.empty()) {
      return fail(ErrorCode::not_found, fmt::format("Queue event with dag_id: `{}` was not found", dag_id));
    }
    d.scheduler.forget_queued_assets(dag_id, asset);
    return {};
  });
}

}  // namespace leoflow::engine
