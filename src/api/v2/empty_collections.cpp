#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/resources.hpp"

/// Lists of things that nothing in Leoflow makes yet: plugins, jobs. They are truthfully empty;
/// what would make such a thing answers 501.
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

// What has an id cannot be found while there is none.
template <typename Op>
void bind_missing(Registry& registry, std::string_view kind) {
  registry.bind<Op>([kind](Call&, const typename Op::Params&) -> Result<Answer> {
    return fail(ErrorCode::not_found, fmt::format("{} was not found", kind));
  });
}

}  // namespace

void bind_empty_collections(Registry& registry) {
  bind_empty<op::get_jobs, gen::JobCollectionResponse>(registry);
  bind_empty<op::get_plugins, gen::PluginCollectionResponse>(registry);
  bind_empty<op::import_errors, gen::PluginImportErrorCollectionResponse>(registry);
  bind_empty_of_dag<op::list_task_state_store, gen::TaskStateStoreCollectionResponse>(registry);
  bind_missing<op::get_task_state_store>(registry, "The task state");
  bind_missing<op::list_asset_state_store>(registry, "The Asset");
  bind_missing<op::get_asset_state_store>(registry, "The Asset");
}

}  // namespace leoflow::api
