#include "api/core/dag_rows.hpp"
#include "api/resources.hpp"

/// Lists of things that nothing in Leoflow makes yet: assets, backfills, plugins,
/// jobs, required actions. They are truthfully empty; what would make such a
/// thing answers 501.
namespace leoflow::api {

namespace {

template <typename Op, typename List>
void bind_empty(Registry& registry) {
  registry.bind<Op>([](Call&, const typename Op::Params&) -> Result<Answer> {
    List list;
    list.total_entries = 0;
    return ok(list);
  });
}

template <typename Op, typename List>
void bind_empty_of_dag(Registry& registry) {
  registry.bind<Op>([](Call& call, const typename Op::Params& params) -> Result<Answer> {
    if (params.dag_id != "~") {
      if (auto known = require_dag(call.db(), params.dag_id); !known) return std::unexpected(known.error());
    }
    List list;
    list.total_entries = 0;
    return ok(list);
  });
}

}  // namespace

void bind_empty_collections(Registry& registry) {
  bind_empty<op::get_assets, gen::AssetCollectionResponse>(registry);
  bind_empty<op::get_asset_aliases, gen::AssetAliasCollectionResponse>(registry);
  bind_empty<op::get_asset_events, gen::AssetEventCollectionResponse>(registry);
  bind_empty_of_dag<op::get_dag_asset_queued_events, gen::QueuedEventCollectionResponse>(registry);
  bind_empty<op::list_backfills, gen::BackfillCollectionResponse>(registry);
  bind_empty<op::get_jobs, gen::JobCollectionResponse>(registry);
  bind_empty<op::get_plugins, gen::PluginCollectionResponse>(registry);
  bind_empty<op::import_errors, gen::PluginImportErrorCollectionResponse>(registry);
  bind_empty_of_dag<op::get_hitl_details, gen::HITLDetailCollection>(registry);
}

}  // namespace leoflow::api
