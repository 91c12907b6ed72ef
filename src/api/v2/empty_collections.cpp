#include "api/resources.hpp"

/// Lists that are always empty: of jobs, for there are no processes of Airflow's, and of plugins, which work but
/// are not listed yet.
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

}  // namespace

void bind_empty_collections(Registry& registry) {
  bind_empty<op::get_jobs, gen::JobCollectionResponse>(registry);
  bind_empty<op::get_plugins, gen::PluginCollectionResponse>(registry);
  bind_empty<op::import_errors, gen::PluginImportErrorCollectionResponse>(registry);
}

}  // namespace leoflow::api
