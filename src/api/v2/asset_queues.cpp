#include <fmt/core.h>

#include "api/core/asset_rows.hpp"
#include "api/core/select.hpp"
#include "api/resources.hpp"
#include "base/time_text.hpp"

/// Assets that changed and wait for the run that they will be part of.
namespace leoflow::api {

namespace {

/// Which of them are meant.
struct Scope {
  std::optional<std::string> dag_id;
  std::optional<std::int64_t> asset_id;
  std::optional<std::string> before;
};

struct Queued {
  gen::QueuedEventResponse event;
  dag::AssetKey asset;
};

/// Errors: invalid, if `before` is no time.
Result<std::vector<Queued>> read_queued(Call& call, const Scope& scope) {
  Select select("q.dag_id, q.asset_id, q.created_at, d.dag_display_name, a.name, a.uri",
                "asset_queue q JOIN dag d ON d.dag_id = q.dag_id JOIN asset a ON a.id = q.asset_id");
  if (scope.dag_id) select.where("q.dag_id = ?", {*scope.dag_id});
  if (scope.asset_id) select.where("q.asset_id = ?", {*scope.asset_id});
  if (scope.before) {
    const auto time = parse_iso(*scope.before, true);
    if (!time) {
      return fail(ErrorCode::invalid,
                  fmt::format("Invalid datetime: '{}'. Please check the date parameter have this value.",
                              *scope.before));
    }
    select.where("q.created_at < ?", {*time});
  }
  std::vector<Queued> list;
  for (const store::Row row : select.order_sql("q.dag_id, q.created_at, q.asset_id").rows(call.db())) {
    auto& [event, asset] = list.emplace_back();
    store::Reader(row) >> event.dag_id >> event.asset_id >> event.created_at >> event.dag_display_name >>
        asset.name >> asset.uri;
  }
  return list;
}

Result<Answer> list_queued(Call& call, const Scope& scope) {
  const auto queued = read_queued(call, scope);
  if (!queued) return std::unexpected(queued.error());
  gen::QueuedEventCollectionResponse list;
  for (const Queued& one : *queued) list.queued_events.push_back(one.event);
  list.total_entries = static_cast<std::int64_t>(list.queued_events.size());
  return ok(list);
}

/// @param missing what is said if nothing of that kind waits.
Result<Answer> forget(Call& call, const Scope& scope, const std::string& missing) {
  const auto queued = read_queued(call, scope);
  if (!queued) return std::unexpected(queued.error());
  bool any = false;
  for (const Queued& one : *queued) {
    const auto done = call.api.commands.forget_queued_assets(one.event.dag_id, one.asset);
    // One that a run took in the meantime is gone, which is what was asked for.
    if (!done && done.error().code != ErrorCode::not_found) return std::unexpected(done.error());
    any = any || done;
  }
  if (!any) return fail(ErrorCode::not_found, missing);
  return no_content();
}

std::string missing_event(const std::string& dag_id, std::int64_t asset_id) {
  return fmt::format("Queued event with dag_id: `{}` and asset_id: `{}` was not found", dag_id, asset_id);
}

Result<Answer> get_asset_queued_events(Call& call, const gen::GetAssetQueuedEventsParams& params) {
  return list_queued(call, {std::nullopt, params.asset_id, params.before});
}

Result<Answer> get_dag_asset_queued_events(Call& call, const gen::GetDagAssetQueuedEventsParams& params) {
  return list_queued(call, {params.dag_id, std::nullopt, params.before});
}

Result<Answer> get_dag_asset_queued_event(Call& call, const gen::GetDagAssetQueuedEventParams& params) {
  const auto queued = read_queued(call, {params.dag_id, params.asset_id, params.before});
  if (!queued) return std::unexpected(queued.error());
  if (queued->empty()) return fail(ErrorCode::not_found, missing_event(params.dag_id, params.asset_id));
  return ok(queued->front().event);
}

Result<Answer> delete_asset_queued_events(Call& call, const gen::DeleteAssetQueuedEventsParams& params) {
  return forget(call, {std::nullopt, params.asset_id, params.before},
                fmt::format("Queue event with asset_id: `{}` was not found", params.asset_id));
}

Result<Answer> delete_dag_asset_queued_events(Call& call,
                                              const gen::DeleteDagAssetQueuedEventsParams& params) {
  return forget(call, {params.dag_id, std::nullopt, params.before},
                fmt::format("Queue event with dag_id: `{}` was not found", params.dag_id));
}

Result<Answer> delete_dag_asset_queued_event(Call& call, const gen::DeleteDagAssetQueuedEventParams& params) {
  return forget(call, {params.dag_id, params.asset_id, params.before},
                missing_event(params.dag_id, params.asset_id));
}

}  // namespace

void bind_asset_queues(Registry& registry) {
  registry.bind<op::get_asset_queued_events>(get_asset_queued_events);
  registry.bind<op::get_dag_asset_queued_events>(get_dag_asset_queued_events);
  registry.bind<op::get_dag_asset_queued_event>(get_dag_asset_queued_event);
  registry.bind<op::delete_asset_queued_events>(delete_asset_queued_events);
  registry.bind<op::delete_dag_asset_queued_events>(delete_dag_asset_queued_events);
  registry.bind<op::delete_dag_asset_queued_event>(delete_dag_asset_queued_event);
}

}  // namespace leoflow::api
